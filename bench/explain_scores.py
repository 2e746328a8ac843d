"""Scores of what finished runs looked at, against the truth of `actors`; the stage `explain`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from vidattn.bench import executor, files, fuse, mapscores, nearest, reading
from vidattn.bench.cell import Cell, Run, explained_path
from vidattn.bench.explain import TIME, Finished, batches, draw, explained, load
from vidattn.bench.inputs import ROOT
from vidattn.bench.params import Params
from vidattn.bench.records import versions
from vidattn.data import atomic

CODE = ("explain", "explain_scores", "gradcam", "mapscores", "stats")


def reason(cell: Cell, params: Params) -> str:
    """Why the maps of a cell cannot be scored, or "" where they can."""
    if fuse.is_fused(cell) or nearest.is_nearest(cell):
        return "it has no model of its own; its streams have"
    if params.protocols[cell.protocol].encoder == "frozen":
        return "it starts from stored features, so that no map of the frames is left"
    if not (Path(params.store) / cell.dataset / "truth").is_dir():
        return f"'{cell.dataset}' has no truth (masks and informative frames) to score maps against"
    if params.protocols[cell.protocol].sampling != "uniform":
        return "its frames are not spread evenly, and the truth is kept for every frame"
    return ""


def scores(found: Finished, batch: int = 24) -> dict[str, dict[str, np.ndarray]]:
    """Scores of every map on all test clips of a run: as of `mapscores.score`, and `other` and `clip`."""
    ids, parts = found.inputs.ids("test"), []
    for streams, _ in batches(found, ids, batch):
        parts.append(explained(found, streams))
    folder = Path(found.params.store) / found.run.cell.dataset / "truth"
    length = found.inputs.flow_length if found.stream == "flow" else 0
    known = [mapscores.truth(folder, clip, found.inputs.frames) for clip in ids]
    made = {}
    for name in parts[0]:
        weights = np.concatenate([part[name] for part in parts])
        if not weights.any():  # Grad-CAM where the mean gradients cancel: nothing to score
            continue
        if name == TIME:  # a clip is one map over its frames
            weights, inside = weights[:, None], np.stack([informative[None] for _, informative in known])
        else:
            inside = np.stack([mapscores.covered(masks, weights.shape[1:], length) for masks, _ in known])
        made[name] = _judged(weights, inside.astype(float), np.array(ids))
    return made


def _judged(weights: np.ndarray, inside: np.ndarray, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Scores of one map, of the clips where there is something to find and something else."""
    share = inside.reshape(len(inside), -1).mean(axis=1)
    kept = (share > 0) & (share < 1)
    weights, inside = weights[kept], inside[kept]
    other = mapscores.score(weights, np.roll(inside, len(inside) // 2, axis=0))["inside"]
    return {**mapscores.score(weights, inside), "other": other, "clip": ids[kept]}


def score_cell(runs: list[Run], params: Params) -> dict:
    """The content of results/explain/<cell>.json, from all finished runs of a cell."""
    groups: dict[str, list] = {}
    for run in runs:
        found = load(run, params)
        for name, part in scores(found).items():
            rows = {**part, "group": np.array([found.inputs.groups[c] for c in part["clip"]])}
            rows["run"] = np.full(len(rows["clip"]), f"{run.fold}-{run.seed}")
            groups.setdefault(name, []).append(rows)
    whole = {
        name: {k: np.concatenate([p[k] for p in parts]) for k in parts[0]} for name, parts in groups.items()
    }
    return {
        "cell": runs[0].cell.id,
        "folds": len({run.fold for run in runs}),
        "seeds": len({run.seed for run in runs}),
        "maps": {
            n: mapscores.summary(w, w["other"], w["group"], w["run"])
            for n, w in whole.items()
            if len(w["clip"])
        },
        "versions": versions(),
        "digests": digests(runs, params),
    }


def digests(runs: list[Run], params: Params) -> dict[str, str]:
    """What the scores follow from: the runs (by their keys in the store) and this code."""
    keys = [executor.folder(run, params).name for run in runs]
    return {
        "runs": files.digest(keys),
        "code": files.digest_files([ROOT / "bench" / f"{n}.py" for n in CODE]),
    }


def score_all(cells: list[list[Run]], params: Params, tell: Callable[[str], None]) -> int:
    """Write results/explain: the scores of every cell that can be scored, the sheets that params.yaml names.

    What was made from the same runs is kept; it is said why a cell is skipped. Sheets that are not named any
    more are removed.
    """
    sheets = params.compare.get("sheets", [])
    folder = explained_path(cells[0][0].cell, ".json").parent
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.png"):
        if path.stem not in sheets:
            path.unlink()
    for runs in cells:
        cell = runs[0].cell
        if why := reason(cell, params):
            tell(f"{cell.id}: not scored, {why}")
            continue
        path, sheet = explained_path(cell, ".json"), explained_path(cell, ".png")
        kept = _scored(path, digests(runs, params))
        if cell.id in sheets and not (kept and sheet.exists()):
            atomic.write(sheet, draw(runs[0], params, 2))
        if not kept:  # written last: where it is, the sheet is of the same runs
            files.write_json(path, score_cell(runs, params))
        tell(f"{cell.id}: scored already" if kept else f"{cell.id}: {path}")
    return 0


def _scored(path: Path, wanted: dict) -> bool:
    """Whether sound scores of these runs are there; damaged ones are made again."""
    try:
        return reading.record(path, ("digests",), "")["digests"] == wanted
    except ValueError:
        return False

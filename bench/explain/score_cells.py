"""Scores of what the finished runs of a cell looked at, against truth."""

from pathlib import Path

import numpy as np

from vidattn.bench.analysis import contrasts, controls
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.explain import baselines, checks, map_scores, permuted_labels, run_scores, two_streams
from vidattn.bench.explain.attention_maps import load
from vidattn.bench.explain.every_map import (
    CAM,
    COMBINED,
    OVER_TIME,
    ROLLOUT,
    ROLLOUT_TIME,
    STAGES,
    TIME,
    TIME_GRADIENT,
)
from vidattn.bench.explain.run_scores import OWN, Scores
from vidattn.bench.plan import cell_kinds
from vidattn.bench.plan.cell_kinds import ROOT
from vidattn.bench.plan.run_plan import resolve
from vidattn.bench.runner import store
from vidattn.bench.system import corrections
from vidattn.bench.system import digests as files
from vidattn.bench.system.environment import versions

MAPS = ("baselines", "combined", "every_map", "grad_cam", "guided", "map_scores", "rollout")
SCORES_CODE = tuple(f"bench/explain/{name}.py" for name in (*MAPS, "run_scores", "two_streams"))
CHECKS = ("checks", "faithfulness", "mosaics", "permuted_labels", "road", "sanity")
CELLS_CODE = (
    *(f"bench/explain/{name}.py" for name in (*CHECKS, "score_cells")),
    *(f"bench/analysis/{name}.py" for name in ("contrasts", "noise_model", "run_variance", "samples")),
)
LEARNED = (*STAGES, COMBINED, TIME, ROLLOUT, ROLLOUT_TIME)  # maps that are weights of the model itself
CAMS = (CAM, f"{CAM}_{COMBINED}")  # of the control, which they are held against
Held = dict[str, dict[str, np.ndarray]]  # by map, the scores of all runs, with `clip`, `group` and `run`


def reason(cell: Cell, params: Params) -> str:
    """Why the maps of a cell cannot be scored, or "" where they can."""
    if not cell_kinds.is_network(cell, params):
        return "it is a probe, which looks at nothing"
    folder = Path(params.store) / cell.dataset / "truth"
    if not folder.is_dir():
        return f"'{cell.dataset}' has no truth to score maps against (vidattn data import --truth)"
    if params.protocols[cell.protocol].sampling == "per_second":
        return "its clips have different numbers of frames"
    return ""


def of_run(run: Run, params: Params) -> Scores:
    """Scores of a run clip by clip, from the store where they are of this run, truth and code."""
    truth = files.digest_files(sorted((Path(params.store) / run.cell.dataset / "truth").glob("*.npz")))
    key = files.digest([store.key(resolve(run, params)), truth, _code(SCORES_CODE)])
    path = Path(params.store) / "maps" / run.cell.id / f"{run.fold}-{run.seed}-{key[:12]}.npz"
    found = run_scores.kept(path)
    if found is None:
        fused = cell_kinds.fused_from(run.cell, params)
        found = (
            two_streams.scores(two_streams.load(run, params))
            if fused
            else run_scores.scores(load(run, params))
        )
        run_scores.keep(path, found)
        for old in path.parent.glob(f"{run.fold}-{run.seed}-*.npz"):
            if old != path:
                old.unlink(missing_ok=True)
    return found


def of_cell(runs: list[Run], params: Params) -> Held:
    """Scores of all finished runs of a cell, one after the other."""
    from vidattn.data.index import manifest

    plan = resolve(runs[0], params)
    index = manifest.read(plan.dataset, plan.store)
    group = dict(zip(index["clip"], index["group"]))
    parts: dict[str, list] = {}
    for run in runs:
        for name, scores in of_run(run, params).items():
            count = len(scores["clip"])
            place = {"group": np.array([group[clip] for clip in scores["clip"]])}
            place["run"] = np.full(count, f"{run.fold}-{run.seed}")
            parts.setdefault(name, []).append({**scores, **place})
    return {
        name: {
            key: np.concatenate([part[key] for part in all_runs])
            for key in all_runs[0]
            if all(key in part for part in all_runs)
        }
        for name, all_runs in parts.items()
    }


def score_cell(runs: list[Run], params: Params) -> dict:
    """The content of results/explain/<cell>.json, from all finished runs of a cell."""
    held = of_cell(runs, params)
    plain = _plain(runs, params)
    made = {name: _summed(rows) for name, rows in held.items() if len(rows["clip"])}
    for name, content in made.items():
        others = (TIME_GRADIENT,) if name in OVER_TIME else CAMS
        if plain and name in (*LEARNED, CAM):
            content["against"] = {cam: against(held[name], plain[cam]) for cam in others if cam in plain}
    if not cell_kinds.fused_from(runs[0].cell, params):  # which has no one model to check
        permuted = permuted_labels.twin(runs[0], params)
        other = load(permuted, params) if permuted else None
        for name, checked in checks.of_run(load(runs[0], params), other).items():
            if name in made:
                made[name] |= checked
    return {
        "cell": runs[0].cell.id,
        "folds": len({run.fold for run in runs}),
        "seeds": len({run.seed for run in runs}),
        "maps": made,
        "versions": versions(),
        "digests": digests(runs, params),
    }


def _summed(rows: dict[str, np.ndarray]) -> dict:
    own = {name: rows[f"{OWN}/{name}"] for name in map_scores.SCORES}
    others = {
        whose: {name: rows[f"{whose}/{name}"] for name in map_scores.SCORES}
        for whose in baselines.NAMES
        if f"{whose}/mass" in rows
    }
    own |= {name: rows[f"{OWN}/{name}"] for name in map_scores.SHAPE if f"{OWN}/{name}" in rows}
    return {"scores": map_scores.summary(own, others, rows["group"], rows["run"])}


def _plain(runs: list[Run], params: Params) -> Held:
    """Scores of the control, the same model without the attention, of those of its runs that are there."""
    name = controls.control(runs[0].cell.id)
    if name is None:
        return {}
    cell = Cell.parse(name, params)
    try:
        planned = [Run(cell, run.fold, run.seed) for run in runs]
        there = [run for run in planned if store.finished(resolve(run, params), same_device=False)]
        return of_cell(there, params) if there else {}
    except ParamsError:  # its data is not there
        return {}


def against(mine: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> dict:
    """The paired difference of two maps on the same clips of the same folds and seeds, by score, with p."""
    rows = [
        {(run, clip): i for i, (run, clip) in enumerate(zip(each["run"].tolist(), each["clip"].tolist()))}
        for each in (mine, theirs)
    ]
    both = [key for key in rows[0] if key in rows[1]]
    first, second = (np.array([place[key] for key in both], dtype=int) for place in rows)
    found = {}
    for name in map_scores.SCORES:
        gap = mine[f"{OWN}/{name}"][first] - theirs[f"{OWN}/{name}"][second]
        kept = ~np.isnan(gap)
        if kept.any():
            place = mine["group"][first][kept], mine["run"][first][kept]
            estimate = contrasts.of_values(gap[kept], *place)
            found[name] = {**map_scores.numbers(estimate), "p": map_scores.rounded(estimate.p)}
            found[name] |= {"n": int(kept.sum()), "groups": len(set(place[0]))}
    return found


def _code(names: tuple[str, ...]) -> str:
    """Stands for code that scores follow from."""
    return files.digest_files([ROOT / name for name in names], corrections.file_digest)


def digests(runs: list[Run], params: Params) -> dict[str, str]:
    """What the scores follow from: the runs (by their keys in the store), the truth, this code."""
    keys = [store.key(resolve(run, params)) for run in runs]
    truth = sorted((Path(params.store) / runs[0].cell.dataset / "truth").glob("*.npz"))
    permuted = permuted_labels.twin(runs[0], params)
    return {
        "runs": files.digest(keys),
        "truth": files.digest_files(truth),
        "code": _code((*SCORES_CODE, *CELLS_CODE)),
        "permuted": store.key(resolve(permuted, params)) if permuted else "",
    }

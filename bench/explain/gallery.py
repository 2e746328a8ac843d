"""Maps of models side by side, as in tables 6.2 and 6.3 of the thesis: a row a model, a column a stage."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.explain import attention_maps, contact_sheet, two_streams
from vidattn.bench.explain.every_map import CAM, COMBINED, STAGES
from vidattn.bench.plan import cell_kinds
from vidattn.bench.plan.run_plan import resolve
from vidattn.bench.runner import store
from vidattn.data.files import atomic

COLUMNS = ("frame", COMBINED, *STAGES)
CLIPS = 2
SIDE, LEFT, TITLE = 1.1, 1.5, 0.25  # inches: a picture, the names of the rows, the line above a clip


def write_all(cells: Iterable[list[Run]], params: Params, folder: Path, tell: Callable[[str], None]) -> int:
    """A gallery for every data set, backbone, architecture and protocol of which two models are trained."""
    groups: dict[str, list[Run]] = {}
    for runs in cells:
        cell = runs[0].cell
        there = [run for run in runs if _there(run, params)]
        if there:
            name = "-".join((cell.dataset, cell.backbone, cell.architecture, cell.protocol))
            groups.setdefault(name, []).append(there[0])
        else:
            tell(f"{cell.id}: missing, train it: vidattn run {cell.id}")
    made = 0
    for name, runs in groups.items():
        drawn = _drawn(name, runs, params, tell)
        if drawn is not None:
            tell(str(atomic.write(folder / f"{name}.png", contact_sheet.encode(drawn))))
            made += 1
    if not made:
        raise ParamsError("No two trained models of one backbone and architecture whose maps could be drawn.")
    return 0


def _there(run: Run, params: Params) -> bool:
    try:
        return store.finished(resolve(run, params), same_device=False) is not None
    except (ParamsError, FileNotFoundError):
        return False


def _drawn(name: str, runs: list[Run], params: Params, tell: Callable[[str], None]) -> Figure | None:
    """The figure of a group: for each clip a block of rows; None where fewer than two models have maps."""
    blocks: dict[str, list[tuple[str, np.ndarray, dict]]] = {}
    chosen: list[str] | int = CLIPS
    for run in runs:
        try:
            clips = _clips(run, params, chosen)
        except ParamsError as error:
            tell(f"{run.id}: left out, {error}")
            continue
        chosen = [clip["clip"] for clip in clips]
        for clip in clips:
            told = f"{clip['clip']}: {clip['label']}"
            for row, maps in rows(run.cell, clip["maps"]):
                right = "" if clip["prediction"] == clip["label"] else f"\n({clip['prediction']})"
                blocks.setdefault(told, []).append((row + right, clip["frames"], maps))
    if not blocks or min(map(len, blocks.values())) < 2:
        return None
    return figure(name, blocks)


def _clips(run: Run, params: Params, chosen: list[str] | int) -> list[dict]:
    if cell_kinds.fused_from(run.cell, params):
        return two_streams.clips(two_streams.load(run, params), chosen)
    return attention_maps.clips(attention_maps.load(run, params), chosen, every=True)


def rows(cell: Cell, maps: dict[str, np.ndarray]) -> list[tuple[str, dict[str, np.ndarray]]]:
    """Names of a model's rows and their maps by column: its attention, and Grad-CAM at the same stages."""
    own = {name: maps[name] for name in (COMBINED, *STAGES) if name in maps}
    cams = {name: maps[key] for name, key in CAMS.items() if key in maps}
    found = [(cell.attention, own), (f"{cell.attention}\nGrad-CAM", cams)]
    return [(name, each) for name, each in found if each]


CAMS = {COMBINED: f"{CAM}_{COMBINED}", "early": f"{CAM}_early", "medium": f"{CAM}_medium", "late": CAM}


def figure(title: str, blocks: dict[str, list[tuple[str, np.ndarray, dict]]]) -> Figure:
    """Draws blocks of rows, each (name, frames (T, H, W, 3), maps by column); the middle frame is shown."""
    count = sum(len(block) for block in blocks.values())
    width, height = LEFT + SIDE * len(COLUMNS), TITLE * (1 + 2 * len(blocks)) + SIDE * count
    drawn = Figure(figsize=(width, height))
    y = height - TITLE
    drawn.text(0.05 / width, (y + 0.08) / height, title, fontsize=9, weight="bold")
    for told, block in blocks.items():
        y -= TITLE
        drawn.text(0.05 / width, (y + 0.06) / height, told, fontsize=8)
        y -= TITLE
        for column, name in enumerate(COLUMNS):
            drawn.text(
                (LEFT + SIDE * (column + 0.5)) / width, (y + 0.06) / height, name, fontsize=8, ha="center"
            )
        for name, frames, maps in block:
            y -= SIDE
            drawn.text(0.05 / width, (y + SIDE / 2) / height, name, fontsize=8, va="center")
            for column, key in enumerate(COLUMNS):
                if key == "frame" or key in maps:
                    place = (
                        (LEFT + SIDE * column) / width,
                        y / height,
                        (SIDE - 0.04) / width,
                        (SIDE - 0.04) / height,
                    )
                    axes = drawn.add_axes(place)
                    axes.imshow(_middle(frames, maps.get(key)), interpolation="nearest")
                    axes.set_axis_off()
    return drawn


def _middle(frames: np.ndarray, maps: np.ndarray | None) -> np.ndarray:
    """The middle frame, with a map over it."""
    at = len(frames) // 2
    return frames[at] if maps is None else contact_sheet.overlay(frames, maps)[at]

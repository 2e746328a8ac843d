"""Scores of the maps of a suite's cells, side by side, and the sheets of some; the stage `explain`."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from vidattn.bench.analysis import controls
from vidattn.bench.config.cell import Cell, Run, explained_path
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.explain import score_cells
from vidattn.bench.explain.attention_maps import draw
from vidattn.bench.plan.run_plan import resolve
from vidattn.bench.results import files as reading
from vidattn.bench.runner import store
from vidattn.bench.system import digests as files
from vidattn.data.files import atomic
from vidattn.data.files.workers import end_with_parent


def write(cells: list[list[Run]], params: Params, tell: Callable[[str], None], jobs: int = 1) -> None:
    """Write results/explain: the scores of every cell that can be scored, the sheets that params.yaml names.

    What was made from the same runs is kept; it is said why a cell is skipped. Sheets that are not named any
    more are removed.

    Args:
        cells: The runs of each.
        params: The settings.
        tell: Told what became of each cell.
        jobs: Processes side by side.
    """
    sheets = params.compare.get("sheets", [])
    folder = explained_path(cells[0][0].cell, ".json").parent
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.png"):
        if path.stem not in sheets:
            path.unlink()
    waiting = []
    for runs in cells:
        why, there = _ready(runs, params)
        if why:
            tell(f"{runs[0].cell.id}: {why}")
        else:
            waiting.append(there)
    # Controls first, and waited for: the scores of their runs are kept, and the others are held against them.
    against = {controls.control(runs[0].cell.id) for runs in waiting}
    for first in (True, False):
        wave = [runs for runs in waiting if (runs[0].cell.id in against) == first]
        for line in _told(partial(_write_cell, params=params), wave, jobs):
            tell(line)


def _ready(runs: list[Run], params: Params) -> tuple[str, list[Run]]:
    """Why a cell has no scores to make, or the runs of it that are finished and were not scored yet."""
    cell = runs[0].cell
    if why := score_cells.reason(cell, params):
        return f"not scored, {why}", []
    try:
        there = [run for run in runs if store.finished(resolve(run, params), same_device=False)]
        if not there:
            return f"missing, none of its runs is there. Train it: vidattn run {cell.id}", []
        sheet = not _wants_sheet(cell, params) or explained_path(cell, ".png").exists()
        if sheet and _scored(explained_path(cell, ".json"), score_cells.digests(there, params)):
            return "scored already", []
    except (ParamsError, FileNotFoundError) as error:
        return f"missing, {error}", []
    return "", there


def _told(work: Callable[[list[Run]], str], cells: Sequence[list[Run]], jobs: int) -> Iterator[str]:
    """What became of each cell, in their order: here, or in processes, which keep what they import."""
    jobs = min(jobs, len(cells))
    if jobs <= 1:
        yield from map(work, cells)
        return
    spawn = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(jobs, spawn, initializer=end_with_parent) as pool:
            yield from pool.map(work, cells)
    except BrokenProcessPool:
        raise RuntimeError(
            f"One of {jobs} processes that score maps was ended from outside: killed, or out of memory. What "
            "was scored is kept; go on with fewer side by side: vidattn explain --scores --jobs 1"
        ) from None


def _write_cell(runs: list[Run], params: Params) -> str:
    """Scores of a cell, and its sheet where it is wanted and not there; says where they are."""
    cell = runs[0].cell
    try:
        path, sheet = (explained_path(cell, suffix) for suffix in (".json", ".png"))
        kept = _scored(path, score_cells.digests(runs, params))
        if _wants_sheet(cell, params) and not (kept and sheet.exists()):
            atomic.write(sheet, draw(runs[0], params, 2))
        if not kept:  # written last: where it is, the sheet is of the same runs
            files.write_json(path, score_cells.score_cell(runs, params))
        return f"{cell.id}: {path}"
    except (ParamsError, FileNotFoundError) as error:
        return f"{cell.id}: missing, {error}"


def _wants_sheet(cell: Cell, params: Params) -> bool:
    return cell.id in params.compare.get("sheets", [])


def _scored(path: Path, wanted: dict) -> bool:
    """Whether sound scores of these runs are there; damaged ones are made again.

    Scores that were also held against a twin of permuted labels are kept where that twin is not.
    """
    try:
        made = reading.record(path, ("digests",), "")["digests"]
    except ValueError:
        return False
    return made == (wanted if wanted["permuted"] else {**wanted, "permuted": made.get("permuted", "")})

"""The runs and cells of a suite, and which cells are reported."""

from collections.abc import Iterator
from itertools import product

from vidattn.bench.config.cell import RESULTS, Cell, Run
from vidattn.bench.config.schema import Params


def runs(params: Params, suite: str | None = None) -> Iterator[Run]:
    """Every run of a suite, cell by cell, without repeats."""
    seen = set()
    for grid in params.suites[suite or params.suite]:
        axes = (grid.dataset, grid.backbone, grid.attention, grid.architecture, grid.protocol)
        for cell in (Cell(*names) for names in product(*axes)):
            for fold, seed in product(grid.folds, grid.seeds):
                run = Run(cell, fold, seed)
                if run not in seen:
                    seen.add(run)
                    yield run


def cells(params: Params, suite: str | None = None) -> dict[str, list[Run]]:
    """The runs of a suite by cell id, in the order of the grids."""
    found: dict[str, list[Run]] = {}
    for run in runs(params, suite):
        found.setdefault(run.cell.id, []).append(run)
    return found


def everywhere(params: Params) -> dict[str, list[Run]]:
    """The runs of every cell by cell id, of all suites: one may plan more seeds of a cell than another."""
    found: dict[str, dict[Run, None]] = {}
    for suite in params.suites:
        for run in runs(params, suite):
            found.setdefault(run.cell.id, {})[run] = None
    return {cell: list(planned) for cell, planned in found.items()}


def reported(params: Params) -> list[str]:
    """Cells that tables and report show: all of the active suite, and those of other suites with records."""
    found = dict.fromkeys(cells(params))
    for suite in params.suites:
        found |= {c: None for c in cells(params, suite) if (RESULTS / "records" / c).is_dir()}
    return list(found)


def homes(params: Params) -> dict[str, list[str]]:
    """Suite -> reported cells, each in the first suite that has it, whatever suite is active."""
    shown, found, seen = set(reported(params)), {}, set()
    for suite in params.suites:
        mine = [cell for cell in cells(params, suite) if cell in shown and cell not in seen]
        seen |= set(mine)
        if mine:
            found[suite] = mine
    return found

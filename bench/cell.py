"""Cells and runs: their ids, and the one place that makes result paths."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from itertools import product
from pathlib import Path

from vidattn.bench.params import Params, ParamsError, unknown

RESULTS = Path("results")


@dataclass(frozen=True, order=True)
class Cell:
    """One point of the grid."""

    dataset: str
    backbone: str
    attention: str
    architecture: str
    protocol: str

    @property
    def id(self) -> str:
        """Stage suffix, folder name, MLflow run name and command-line argument."""
        return "-".join(getattr(self, f.name) for f in fields(self))

    @classmethod
    def parse(cls, text: str, params: Params) -> "Cell":
        """The cell with this id; raises `ParamsError` with the nearest valid name."""
        parts = text.split("-")
        if len(parts) != len(fields(cls)):
            form = "-".join(f"<{f.name}>" for f in fields(cls))
            raise ParamsError(
                f"'{text}' is not a cell id. Expected {form}, e.g. actors-tiny-cbam-lstm-clean."
            )
        axes = (params.datasets, params.backbones, params.attention, params.architectures, params.protocols)
        for field, name, valid in zip(fields(cls), parts, axes):
            if name not in valid:
                raise unknown(field.name, name, valid, f"cell '{text}'")
        return cls(*parts)

    def with_(self, **changes: str) -> "Cell":
        """The cell that differs in these coordinates."""
        return Cell(**{**asdict(self), **changes})


@dataclass(frozen=True, order=True)
class Run:
    """A cell on one fold with one seed."""

    cell: Cell
    fold: int
    seed: int

    @property
    def id(self) -> str:
        """Cell id, fold and seed."""
        return f"{self.cell.id}-{self.fold}-{self.seed}"

    def path(self, kind: str, suffix: str) -> Path:
        """Where this run's part of the results lies, e.g. results/records/<cell>/<fold>-<seed>.json."""
        return RESULTS / kind / self.cell.id / f"{self.fold}-{self.seed}{suffix}"


def explained_path(cell: Cell, suffix: str) -> Path:
    """Where the scores (.json) and the sheet (.png) of a cell's maps lie."""
    return RESULTS / "explain" / f"{cell.id}{suffix}"


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

"""Cells and runs: their ids, and the one place that makes result paths."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path

from vidattn.bench.config.errors import ParamsError, unknown
from vidattn.bench.config.schema import Params

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

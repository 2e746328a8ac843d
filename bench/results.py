"""What was measured: records, predictions, timings and complexity, read from the results folder.

Only the cells asked for are read. A cell without records is *missing* and stays in every table as such.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from vidattn.bench import reading

COORDINATES = ("dataset", "backbone", "attention", "architecture", "protocol")
METRICS = ("top1", "top5", "per_class")  # in this order, before others
RECORD = (
    *(f"cell.{name}" for name in COORDINATES),
    *("fold", "seed", "n", "parameters", "trainable", "flops"),
    *("metrics.top1", "metrics.top5", "metrics.per_class"),
)
COUNT = ("backbone", "attention", "architecture", "classes", "parameters", "flops")
PREDICTION = {"clip": str, "group": str, "label": str, "prediction": str, "rank": int}  # that are read
PUBLISHED = ("table", *COORDINATES, "metric", "value", "source")
RATE = (
    "what",
    "backbone",
    "architecture",
    "size",
    "width",
    "batch",
    "cpu_seconds",
    "n",
    "device",
    "versions",
)
SATURATION = (
    *("features", "change", "width", "norm", "units", "batch", "learning_rate", "scale", "frames", "step"),
    *("l1", "beyond_2_5", "beyond_4", "z_mean", "loss", "n", "device", "versions"),
)
AGAIN = "Delete it, run its cell again."
RUN = re.compile(r"[0-9]+-[0-9]+")


def coordinates(cell: str) -> dict[str, str]:
    """The five coordinates of a cell id."""
    parts = cell.split("-")
    if len(parts) != len(COORDINATES) or not all(parts):
        form = "-".join(f"<{name}>" for name in COORDINATES)
        raise ValueError(f"Cell '{cell}' is not {form}. Write all five names, joined by hyphens.")
    return dict(zip(COORDINATES, parts))


def identity(cell: str | dict) -> str:
    """The id of a cell given by its id or by its five coordinates."""
    if isinstance(cell, str):
        return "-".join(coordinates(cell).values())
    missing = [name for name in COORDINATES if name not in cell]
    if missing:
        raise ValueError(f"Cell {cell} lacks {', '.join(missing)}. Name all of: {', '.join(COORDINATES)}.")
    return "-".join(str(cell[name]) for name in COORDINATES)


@dataclass(frozen=True)
class Results:
    """The results folder, seen through a list of cells.

    Attributes:
        root: Folder with records/, predictions/, timings/, complexity/, saturation/, rates/,
            published/.
        cells: Cell ids in the order of the tables; None reads every cell that has records.
    """

    root: Path
    cells: list[str] | None = None

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The cell ids, valid and in order."""
        if self.cells is None:
            folder = Path(self.root) / "records"
            return tuple(sorted(p.name for p in folder.iterdir() if p.is_dir())) if folder.is_dir() else ()
        return tuple(identity(cell) for cell in self.cells)

    @cached_property
    def records(self) -> dict[str, list[dict]]:
        """Cell id -> its records, sorted by fold and seed; an empty list where nothing was run."""
        return {cell: self._read("records", cell) for cell in self.ids}

    @property
    def missing(self) -> tuple[str, ...]:
        """Cells that were asked for and never run."""
        return tuple(cell for cell in self.ids if not self.records[cell])

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics: those that tables always have, then what else records hold."""
        found = {name for records in self.records.values() for r in records for name in r["metrics"]}
        return (*METRICS, *sorted(found - set(METRICS)))

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run: coordinates, cell, fold, seed, every metric, n, n_official, n_train."""
        rows = [_row(cell, record) for cell in self.ids for record in self.records[cell]]
        measured = [*self.metrics, "n", "n_official", "n_train"]
        return pd.DataFrame(rows, columns=["cell", *COORDINATES, "fold", "seed", *measured])

    def predictions(self, cell: str) -> pd.DataFrame:
        """Every prediction of a cell: fold, seed, run, clip, group, label, prediction, rank, confidence."""
        if cell not in self._loaded:
            self._loaded[cell] = self._predictions(cell)
        return self._loaded[cell].copy()

    @cached_property
    def cache(self) -> dict[object, pd.DataFrame]:
        """What was computed from these results and may be asked for again; a bootstrap takes a while."""
        return {}

    @cached_property
    def _loaded(self) -> dict[str, pd.DataFrame]:
        """Predictions already read, by cell."""
        return {}

    def _predictions(self, cell: str) -> pd.DataFrame:
        frames = []
        for record in self.records.get(cell, []):
            path = self.path("predictions", cell, record, "csv")
            if path.is_file():
                frame = reading.table(path, tuple(PREDICTION), AGAIN, dtype=PREDICTION, keep_default_na=False)
                run = f"{record['fold']}-{record['seed']}"
                frames.append(frame.assign(fold=record["fold"], seed=record["seed"], run=run))
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def timings(self, cell: str) -> pd.DataFrame:
        """Measured seconds, memory and latency, one row a run; they differ from machine to machine."""
        return pd.DataFrame(self._read("timings", cell))

    def explained(self, cell: str) -> dict:
        """The scores of a cell's maps; empty where none were made."""
        path = Path(self.root) / "explain" / f"{cell}.json"
        return reading.record(path, (), "Delete it, then: vidattn explain --scores") if path.is_file() else {}

    @property
    def sheets(self) -> dict[str, Path]:
        """The pictures of what cells looked at, by cell."""
        paths = {cell: Path(self.root) / "explain" / f"{cell}.png" for cell in self.ids}
        return {cell: path for cell, path in paths.items() if path.is_file()}

    @cached_property
    def complexity(self) -> pd.DataFrame:
        """One row a model of results/complexity."""
        paths = sorted((Path(self.root) / "complexity").glob("*.json"))
        again = "Delete it, then: vidattn complexity"
        return pd.DataFrame([{"model": p.stem, **reading.record(p, COUNT, again)} for p in paths])

    @cached_property
    def saturation(self) -> pd.DataFrame:
        """One row a case and step of results/saturation; empty where nothing was followed."""
        paths = sorted((Path(self.root) / "saturation").glob("*.csv"), reverse=True)
        frames = [reading.table(p, SATURATION, "Make it again: vidattn saturation") for p in paths]
        return pd.concat(frames, ignore_index=True) if paths else pd.DataFrame()

    @cached_property
    def rates(self) -> pd.DataFrame:
        """Measured rates of the full-size ICIP runs, one row a head or encoder; empty where none were."""
        path = Path(self.root) / "rates" / "icip.csv"
        again = "Make it again: vidattn bench rates"
        return reading.table(path, RATE, again) if path.is_file() else pd.DataFrame()

    def published(self, source: str) -> pd.DataFrame:
        """Values printed in a publication: results/published/<source>.csv."""
        path = Path(self.root) / "published" / f"{source}.csv"
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in path.parent.glob("*.csv"))) or "none"
            raise FileNotFoundError(f"No published values in {path}. There are: {known}.")
        restore = f"Restore it from git: git checkout -- {path}"
        return reading.table(path, PUBLISHED, restore, keep_default_na=False, na_values={"value": [""]})

    def path(self, kind: str, cell: str, record: dict, suffix: str) -> Path:
        """Path of one run's file."""
        return Path(self.root) / kind / cell / f"{record['fold']}-{record['seed']}.{suffix}"

    def _read(self, kind: str, cell: str) -> list[dict]:
        paths = list((Path(self.root) / kind / cell).glob("*.json"))
        for path in paths:
            if not RUN.fullmatch(path.stem):
                raise ValueError(f"{path} is no <fold>-<seed>.json. Move or delete it.")
        paths.sort(key=lambda path: [int(number) for number in path.stem.split("-")])
        return [reading.record(path, RECORD if kind == "records" else (), AGAIN) for path in paths]


def _row(cell: str, record: dict) -> dict:
    own = identity(record["cell"])
    if own != cell:
        raise ValueError(f"A record of {own} lies in the folder of {cell}. Move or delete it.")
    names = ("fold", "seed", "n", "n_official", "n_train")
    return {"cell": cell, **coordinates(cell), **{k: record.get(k) for k in names}, **record["metrics"]}

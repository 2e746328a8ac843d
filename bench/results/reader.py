"""What was measured: records, predictions, timings and complexity, read from the results folder.

Only the cells asked for are read. A cell without records is *missing* and stays in every table as such.
"""

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vidattn.bench.results import files as reading
from vidattn.bench.results import kept, seals, soundness

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
CLAIM = ("work", "section", "claim", "cells", "replaced", "expected")
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
FILES = (("records", "json"), ("predictions", "csv"))  # of a run, with their endings
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
        planned: Every cell of params.yaml; None where that is not known, see `planned_ids`.
        compare: That section of params.yaml: what tables compare, and what is named to be compared.
        protocols: By name, `kind`, `order`, `encoder` and `weights` of every protocol of params.yaml: whether
            what is planned under one that has no record counts in a family.
        plugins: What the names of params.yaml stand for, as `config.plugin_files.every` says it; a name that
            is not there stands for the file of that name.
        kept_in: File of what earlier commands computed from the same runs; None where there is none.
    """

    root: Path
    cells: list[str] | None = None
    planned: tuple[str, ...] | None = None
    kept_in: Path | None = None
    compare: dict[str, Any] = field(default_factory=dict)
    protocols: dict[str, dict] = field(default_factory=dict)
    plugins: dict[str, dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The cell ids, valid and in order."""
        if self.cells is None:
            folder = Path(self.root) / "records"
            return tuple(path.name for path in reading.whole(folder, "*") if path.is_dir())
        return tuple(identity(cell) for cell in self.cells)

    @property
    def planned_ids(self) -> tuple[str, ...]:
        """Every cell that is planned, over which Holm corrects, run or not; by default the cells here."""
        return self.ids if self.planned is None else self.planned

    @property
    def controls(self) -> tuple[str, ...]:
        """Attentions that are controls: no answer to what attention is worth."""
        return tuple(self.compare.get("controls", ()))

    @cached_property
    def records(self) -> dict[str, list[dict]]:
        """Cell id -> its records, sorted by fold and seed; an empty list where nothing was run.

        A record that says another thing than its predictions is named, once, and left out; so is one that
        was changed, or whose predictions were.
        """
        return {cell: [r for r in self._sealed[cell] if self._sound(cell, r)] for cell in self.ids}

    @cached_property
    def _sealed(self) -> dict[str, list[dict]]:
        """Cell -> its records that are as they were written, with predictions that are."""
        return {
            cell: [r for r in self._read("records", cell) if self._unbroken(cell, r)] for cell in self.ids
        }

    @property
    def missing(self) -> tuple[str, ...]:
        """Cells that were asked for and never run."""
        return tuple(cell for cell in self.ids if not self.records[cell])

    @property
    def recorded(self) -> "Results":
        """The same without the cells that were never run."""
        return replace(self, cells=[cell for cell in self.ids if self.records[cell]])

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

    def runs_of(self, cell: str) -> pd.DataFrame:
        """The rows of `runs` that are of a cell."""
        return self._runs_by_cell.get(cell, self.runs.iloc[:0])

    @cached_property
    def _runs_by_cell(self) -> dict[str, pd.DataFrame]:
        return dict(iter(self.runs.groupby("cell", sort=False)))

    def predictions(self, cell: str) -> pd.DataFrame:
        """Every prediction of a cell: clip, group, label, prediction, rank, confidence, fold, seed, run."""
        frames = [
            pd.DataFrame(columns).assign(fold=fold, seed=seed, run=f"{fold}-{seed}")
            for (fold, seed), columns in self.tested(cell).items()
        ]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def tested(self, cell: str) -> dict[tuple[int, int], dict[str, np.ndarray]]:
        """(Fold, seed) -> the columns of its predictions by name, each (N,), where there are any."""
        runs = {(r["fold"], r["seed"]): self._columns(cell, r) for r in self.records.get(cell, [])}
        return {run: columns for run, columns in runs.items() if columns is not None}

    @cached_property
    def cache(self) -> dict[object, Any]:
        """What was computed from these results and may be asked for again."""
        return {}

    def once(self, key: list, cells: Iterable[str], compute: Callable[[], Any]) -> Any:
        """A value of JSON that follows from the runs of the data set of these cells, computed once."""
        datasets = {coordinates(cell)["dataset"] for cell in cells}
        scope = self._scopes.get(datasets.pop()) if len(datasets) == 1 else None
        return self._keeper.once(scope, key, compute)

    def keep(self) -> None:
        """Write to `kept_in` what was computed, for the next command."""
        self._keeper.write()

    @cached_property
    def _keeper(self) -> kept.Kept:
        return kept.Kept(self.kept_in)

    @cached_property
    def _scopes(self) -> dict[str, str | None]:
        """Data set -> a digest of all its runs; None where one has no seal, and without a file for it."""
        runs: dict[str, list] = {}
        for cell in self.ids if self.kept_in else ():
            mine = runs.setdefault(coordinates(cell)["dataset"], [cell])
            for record in self._sealed[cell]:
                there = self.path("predictions", cell, record, "csv").is_file()
                mine.append([cell, record["fold"], record["seed"], record.get(seals.KEY), there])
        unsealed = {dataset for dataset, found in runs.items() if any(run[3:4] == [None] for run in found)}
        return {name: None if name in unsealed else kept.digest(found) for name, found in runs.items()}

    @cached_property
    def _loaded(self) -> dict[tuple[str, int, int], dict[str, np.ndarray] | None]:
        """Predictions already read, by cell, fold and seed."""
        return {}

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
        paths = reading.whole(Path(self.root) / "complexity", "*.json")
        again = "Delete it, then: vidattn complexity"
        return pd.DataFrame([{"model": p.stem, **reading.record(p, COUNT, again)} for p in paths])

    @cached_property
    def saturation(self) -> pd.DataFrame:
        """One row a case and step of results/saturation; empty where nothing was followed."""
        paths = reading.whole(Path(self.root) / "saturation", "*.csv")
        paths = sorted(paths, key=lambda path: (path.stem != "synthetic", path.stem))
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
            known = ", ".join(p.stem for p in reading.whole(path.parent, "*.csv")) or "none"
            raise FileNotFoundError(f"No published values in {path}. There are: {known}.")
        if ("published", source) not in self.cache:
            restore = f"Restore it from git: git checkout -- {path}"
            options: dict = {"keep_default_na": False, "na_values": {"value": [""]}}
            self.cache["published", source] = reading.table(path, PUBLISHED, restore, **options)
        return self.cache["published", source].copy()

    def claims(self) -> pd.DataFrame:
        """What the works say that the suite can test: results/published/claims.csv."""
        path = Path(self.root) / "published" / "claims.csv"
        if not path.is_file():
            return pd.DataFrame(columns=list(CLAIM))
        restore = f"Restore it from git: git checkout -- {path}"
        return reading.table(path, CLAIM, restore, keep_default_na=False)

    def path(self, kind: str, cell: str, record: dict, suffix: str) -> Path:
        """Path of one run's file."""
        return Path(self.root) / kind / cell / f"{record['fold']}-{record['seed']}.{suffix}"

    def _sound(self, cell: str, record: dict) -> bool:
        def complaint() -> str | None:
            return soundness.complaint(record, self._columns(cell, record))

        try:
            why = self.once(["sound", cell, record["fold"], record["seed"]], [cell], complaint)
        except ValueError:
            return True  # a damaged table: whoever reads it is told its name and what it must hold
        if why:
            _say(f"{self.path('records', cell, record, 'json')} is left out: {why}. {AGAIN}")
        return not why

    def _unbroken(self, cell: str, record: dict) -> bool:
        broken = seals.broken(record, *(self.path(kind, cell, record, end) for kind, end in FILES))
        if broken:
            run = f"vidattn run {cell} --fold {record['fold']} --seed {record['seed']}"
            _say(f"{broken}: the run is left out. Restore both files from git, or: {run}")
        return not broken

    def _columns(self, cell: str, record: dict) -> dict[str, np.ndarray] | None:
        """The columns of a run's predictions, read once; None where there are none."""
        run = cell, record["fold"], record["seed"]
        if run not in self._loaded:
            path = self.path("predictions", cell, record, "csv")
            self._loaded[run] = reading.columns(path, PREDICTION, AGAIN) if path.is_file() else None
        return self._loaded[run]

    def _read(self, kind: str, cell: str) -> list[dict]:
        paths = reading.whole(Path(self.root) / kind / cell, "*.json")
        for path in paths:
            if not RUN.fullmatch(path.stem):
                raise ValueError(f"{path} is no <fold>-<seed>.json. Move or delete it.")
        paths.sort(key=lambda path: [int(number) for number in path.stem.split("-")])
        found = [reading.record(path, RECORD if kind == "records" else (), AGAIN) for path in paths]
        for path, record in zip(paths, found):
            if kind == "records" and path.stem != f"{record['fold']}-{record['seed']}":
                raise ValueError(f"{path} says fold {record['fold']}, seed {record['seed']}. {AGAIN}")
        return found


@cache
def _say(line: str) -> None:
    """A line on stderr, once in this process, however often results are read."""
    print(line, file=sys.stderr)


def _row(cell: str, record: dict) -> dict:
    own = identity(record["cell"])
    if own != cell:
        raise ValueError(f"A record of {own} lies in the folder of {cell}. Move or delete it.")
    names = ("fold", "seed", "n", "n_official", "n_train")
    return {"cell": cell, **coordinates(cell), **{k: record.get(k) for k in names}, **record["metrics"]}

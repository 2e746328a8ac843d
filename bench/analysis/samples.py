"""A cell's predictions as arrays, fold by fold; a run that cannot be used is named and left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vidattn.bench.results.reader import Results


@dataclass(frozen=True)
class Fold:
    """One fold: S training runs tested on the same N clips, which are sorted by name.

    Attributes:
        fold: Its number; of random splits, which every run draws anew, the name of the run.
        seeds: (S,) seeds of the runs.
        clips: (N,) names of the test clips.
        groups: (N,) source video of each clip.
        labels: (N,) class of each clip.
        hits: (S, N) 1 where a run recognised a clip.
    """

    fold: int | str
    seeds: np.ndarray
    clips: np.ndarray
    groups: np.ndarray
    labels: np.ndarray
    hits: np.ndarray


def hits(columns: Mapping, metric: str = "top1") -> np.ndarray:
    """(N,) 1 where the clip counts as recognised under `top1` or `top5`; of a frame or of columns by name."""
    if metric not in ("top1", "top5"):
        raise ValueError(
            f"No hits of metric '{metric}': say in bench/analysis/samples.py when a clip has one."
        )
    right = columns["rank"] <= 5 if metric == "top5" else columns["label"] == columns["prediction"]
    return np.asarray(right, float)


def load(
    results: Results, cell: str, classes: list[str] | None = None, metric: str = "top1"
) -> tuple[Fold, ...]:
    """The folds of a cell that can be used, on the clips of some classes or all."""
    key = ("folds", cell, metric)
    if key not in results.cache:
        results.cache[key] = _folds(results, cell, metric)
    if classes is None:
        return results.cache[key]
    parts = [(fold, np.isin(fold.labels, classes)) for fold in results.cache[key]]
    return tuple(_part(fold, mask) for fold, mask in parts if mask.any())


def runs(results: Results) -> pd.DataFrame:
    """One row a run that can be used, as `Results.runs`."""
    if "runs" not in results.cache:
        frame = results.runs
        keys = zip(frame["cell"], zip(frame["fold"], frame["seed"]))
        usable = np.array([run not in problems(results, cell) for cell, run in keys], bool)
        results.cache["runs"] = frame[usable]
    return results.cache["runs"]


def notes(results: Results, cells: Sequence[str] | None = None) -> list[str]:
    """One line a run that is left out: which, and why; of some cells or all."""
    return [
        f"{cell}, run {fold}-{seed}: {why}. Left out of every mean and comparison."
        for cell in (results.ids if cells is None else cells)
        for (fold, seed), why in problems(results, cell).items()
    ]


def problems(results: Results, cell: str) -> dict[tuple[int, int], str]:
    """(Fold, seed) -> why this run of the cell cannot be used."""
    key = ("problems", cell)
    if key not in results.cache:
        results.cache[key] = _problems(results, cell)
    return results.cache[key]


def _problems(results: Results, cell: str) -> dict[tuple[int, int], str]:
    """Runs without predictions, or of other clips than the fold's first; the reader drops what is unsound."""
    wrong: dict[tuple[int, int], str] = {}
    first: dict[int, tuple[int, np.ndarray]] = {}
    for record in results.records.get(cell, []):
        run = fold, seed = record["fold"], record["seed"]
        columns = results.tested(cell).get(run)
        if columns is None or not len(columns["clip"]):
            wrong[run] = "it has no predictions"
            continue
        if _drawn_anew(record):
            continue
        clips = np.sort(columns["clip"])
        other, expected = first.setdefault(fold, (seed, clips))
        if not np.array_equal(clips, expected):
            wrong[run] = f"it was tested on other clips than run {fold}-{other}"
    return wrong


def _drawn_anew(record: Mapping) -> bool:
    """Whether a run drew its own test clips: a random split depends on fold and seed."""
    return record.get("protocol", {}).get("split") == "random"


def _folds(results: Results, cell: str, metric: str) -> tuple[Fold, ...]:
    """The runs of each fold stacked, clips in the order of their names."""
    usable = {run: part for run, part in results.tested(cell).items() if run not in problems(results, cell)}
    anew = any(map(_drawn_anew, results.records.get(cell, [])))
    splits: dict[int | str, dict[int, Mapping]] = {}
    for (fold, seed), columns in sorted(usable.items()):
        splits.setdefault(f"{fold}-{seed}" if anew else fold, {})[seed] = columns
    folds = []
    for name, runs in splits.items():
        orders = [np.argsort(columns["clip"], kind="stable") for columns in runs.values()]
        values = [hits(columns, metric)[order] for columns, order in zip(runs.values(), orders)]
        first = next(iter(runs.values()))
        clips, groups, labels = (first[column][orders[0]] for column in ("clip", "group", "label"))
        folds.append(Fold(name, np.array(list(runs)), clips, groups, labels, np.stack(values)))
    return tuple(folds)


def _part(fold: Fold, mask: np.ndarray) -> Fold:
    columns = (fold.clips[mask], fold.groups[mask], fold.labels[mask])
    return Fold(fold.fold, fold.seeds, *columns, fold.hits[:, mask])

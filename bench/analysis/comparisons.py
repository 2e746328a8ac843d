"""From runs to cells: one row per cell, and the comparisons of cells with their families."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from vidattn.bench.analysis import contrasts, noise_model, run_variance, samples, statistics, untrained
from vidattn.bench.analysis.noise_model import Estimate
from vidattn.bench.results.reader import COORDINATES, Results, coordinates, identity

OF_CLIPS = ("top1", "top5")  # metrics that are means over clips, so that they have an interval
EXTENT = ["n", "n_official", "folds", "seeds", "parameters", "trainable", "flops", "encoder", "weights"]
MANY_SEEDS = 10  # per arm, from which on P(A > B) says more than noise
LEVEL = 0.05


def cells(results: Results) -> pd.DataFrame:
    """One row per cell: coordinates, mean accuracies with intervals, n, folds, seeds, parameters, FLOPs.

    A cell without records keeps its row; its numbers are missing. `run_variance` says where the variance over
    training runs in the intervals is from.
    """
    if "cells" not in results.cache:
        rows = [_cell(results, cell) for cell in results.ids]
        columns = [*COORDINATES, *accuracies(results), "run_variance", *EXTENT]
        results.cache["cells"] = pd.DataFrame(rows, columns=columns)
    return results.cache["cells"].copy()


def accuracies(results: Results) -> list[str]:
    """The columns of the metrics, each followed by its interval where it has one."""
    ends = {metric: ("", "_low", "_high") if metric in OF_CLIPS else ("",) for metric in results.metrics}
    return [metric + end for metric in results.metrics for end in ends[metric]]


def versus(
    results: Results, pairs: list[tuple[str, str]], planned: Collection[str] | None = None
) -> pd.DataFrame:
    """One row a (cell, control): difference, interval, p, Holm's p, probability of improvement.

    Args:
        results: What was measured.
        pairs: Cells and their controls.
        planned: Every cell of params.yaml. Holm corrects over all pairs with none that are planned on the
            data set and protocol, run or not; default those of the results.
    """
    planned = results.planned if planned is None else planned
    sizes = family_sizes(results.ids if planned is None else planned)
    key = ("versus", *sorted(sizes.items()), *pairs)
    if key not in results.cache:
        rows = [_versus(results, *pair, sizes) for pair in pairs]
        frame = pd.DataFrame(rows)
        if pairs:
            families = list(zip(frame["dataset"], frame["protocol"]))
            counts = {family: sizes.get(family, 1) for family in families}
            frame = frame.assign(p_holm=statistics.holm_within(frame["p"], families, counts))
        results.cache[key] = frame
    return results.cache[key].copy()


def family_sizes(planned: Collection[str]) -> dict[tuple[str, str], int]:
    """(Data set, protocol) -> how many attentions are to be compared with none on it."""
    sizes: dict[tuple[str, str], int] = {}
    for cell, _ in with_none(planned):
        where = coordinates(cell)
        family = (where["dataset"], where["protocol"])
        sizes[family] = sizes.get(family, 0) + 1
    return sizes


def with_none(cells: Collection[str]) -> list[tuple[str, str]]:
    """Every cell with attention, paired with the same cell without."""
    names = dict.fromkeys(cells)
    pairs = [(cell, identity({**coordinates(cell), "attention": "none"})) for cell in names]
    return [(cell, control) for cell, control in pairs if cell != control and control in names]


def against_none(results: Results) -> list[tuple[str, str]]:
    """Every cell with attention, paired with the same cell without, of those that are shown."""
    return with_none(results.ids)


def probe(cells: pd.DataFrame) -> pd.Series:
    """Whether each row is the 1-NN leakage probe: nothing is trained, so it is no model among models."""
    return cells["architecture"].map(untrained.is_probe).astype(bool)


def significant(rows: pd.DataFrame) -> pd.Series:
    """Whether each difference is significant after Holm's correction within its family."""
    return rows["p_holm"] < LEVEL


def trainings(results: Results, cell: str, control: str) -> dict[str, int]:
    """Training runs per arm: {"folds", "seeds", "runs"}, of the folds that both have, and of the fewer."""
    arms = [run_variance.arm(results, name) for name in (cell, control)]
    seeds = [{fold.fold: len(fold.seeds) for fold in arm.folds} for arm in arms]
    counts = [min(seeds[0][fold], seeds[1][fold]) for fold in seeds[0].keys() & seeds[1].keys()]
    return {"folds": len(counts), "seeds": max(counts, default=0), "runs": sum(counts)}


def weights(results: Results, *cells: str) -> str | None:
    """What the networks of these cells started from, by their first records; None where none was run."""
    firsts = [results.records[cell][0] for cell in cells if results.records.get(cell)]
    return ", ".join(dict.fromkeys(r["weights"] for r in firsts if r.get("weights"))) or None


def protocol(results: Results, name: str) -> dict:
    """The settings of a protocol as its first record has them; empty where none was run."""
    mine = [cell for cell in results.ids if coordinates(cell)["protocol"] == name]
    return next((r["protocol"] for cell in mine for r in results.records[cell] if "protocol" in r), {})


def differing(results: Results, first: str, second: str) -> list[str]:
    """The settings in which two protocols differ, by their keys in params.yaml."""
    settings = [protocol(results, name) for name in (first, second)]
    named = ("kind", "defects")  # they name what the other settings do
    return [key for key in settings[0] if key not in named and settings[0][key] != settings[1].get(key)]


def run_source(results: Results, *cells: str) -> str:
    """Where the variance over training runs of a comparison's arms is from."""
    return "; ".join(dict.fromkeys(run_variance.of(results, cell).source for cell in cells))


def _cell(results: Results, cell: str) -> dict:
    records, runs = results.records[cell], samples.runs(results)
    runs = runs[runs["cell"] == cell]
    row: dict = {**coordinates(cell)}
    for metric in results.metrics:
        row[metric] = runs[metric].mean() if len(runs) else np.nan
        if metric in OF_CLIPS:
            estimate = contrasts.accuracy(results, cell, metric=metric)
            row |= interval(metric, estimate)
    first = records[0] if records else {}
    row |= {"n": _whole(runs["n"].sum()), "n_official": _whole(runs["n_official"].sum())}
    folds = run_variance.arm(results, cell).folds
    row |= {"folds": _whole(len(folds)), "seeds": _whole(max((len(fold.seeds) for fold in folds), default=0))}
    row["run_variance"] = run_source(results, cell) if len(runs) else None
    row["encoder"] = first.get("protocol", {}).get("encoder")
    return row | {k: first.get(k) for k in ("parameters", "trainable", "flops", "weights")}


def interval(name: str, estimate: Estimate) -> dict[str, Any]:
    """An estimate as three columns of a table."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _whole(value: float) -> int | None:
    return int(value) if value else None


def _versus(results: Results, cell: str, control: str, sizes: dict[tuple[str, str], int]) -> dict:
    where, estimate = coordinates(cell), contrasts.paired(results, {cell: 1.0, control: -1.0})
    family = sizes.get((where["dataset"], where["protocol"]), 1)
    row: dict = {"cell": cell, "control": control, **where, **trainings(results, cell, control)}
    row |= {"n": estimate.n, **interval("difference", estimate), "p": estimate.p, "family_size": family}
    row["improvement"] = _improvement(results, cell, control) if row["seeds"] >= MANY_SEEDS else np.nan
    row["detectable"] = noise_model.minimal_detectable(estimate, family)
    return row | {"run_variance": run_source(results, cell, control)}


def _improvement(results: Results, cell: str, control: str) -> float:
    """Probability of improvement within a fold (as within a task in Agarwal et al. 2021), mean over folds."""
    arms = [run_variance.arm(results, name) for name in (cell, control)]
    means = [{fold.fold: fold.hits.mean(1) for fold in arm.folds} for arm in arms]
    shared = sorted(means[0].keys() & means[1].keys())
    chances = [statistics.probability_of_improvement(means[0][fold], means[1][fold]) for fold in shared]
    return float(np.mean(chances)) if chances else np.nan

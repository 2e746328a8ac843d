"""From runs to cells: one row per cell, and the comparisons of cells with their families."""

from collections.abc import Callable, Collection, Mapping, Sequence
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
Pairs = list[tuple[str, str]]  # cells and what each is compared with
Kind = Callable[[Collection[str]], Pairs]


def cells(results: Results) -> pd.DataFrame:
    """One row per cell: coordinates, mean accuracies with intervals, n, folds, seeds, parameters, FLOPs.

    A cell without records keeps its row; its numbers are missing. `run_variance` says where the variance over
    training runs in the intervals is from.
    """
    if "cells" not in results.cache:
        results.cache["cells"] = only(results, results.ids)
    return results.cache["cells"].copy()


def only(results: Results, ids: Sequence[str]) -> pd.DataFrame:
    """The rows of `cells` that are of these, as if there were no others; each is computed once."""
    rows = [_row(results, cell) for cell in ids]
    columns = [*COORDINATES, *accuracies(results), "run_variance", *EXTENT]
    return pd.DataFrame(rows, columns=columns)


def accuracy(results: Results, cell: str, classes: list[str] | None = None, metric: str = "top1") -> Estimate:
    """As `contrasts.accuracy`, computed once: several tables show the same cells."""

    def compute() -> dict:
        return vars(contrasts.accuracy(results, cell, classes, metric))

    return Estimate(**results.once(["accuracy", cell, classes, metric], [cell], compute))


def paired(results: Results, weights: Mapping[str, float], classes: list[str] | None = None) -> Estimate:
    """As `contrasts.paired`, computed once."""

    def compute() -> dict:
        return vars(contrasts.paired(results, weights, classes))

    return Estimate(**results.once(["paired", [*weights.items()], classes], weights, compute))


def unpaired(results: Results, weights: Mapping[str, float]) -> Estimate:
    """As `contrasts.unpaired`, computed once."""

    def compute() -> dict:
        return vars(contrasts.unpaired(results, weights))

    return Estimate(**results.once(["unpaired", [*weights.items()]], weights, compute))


def accuracies(results: Results) -> list[str]:
    """The columns of the metrics, each followed by its interval where it has one."""
    ends = {metric: ("", "_low", "_high") if metric in OF_CLIPS else ("",) for metric in results.metrics}
    return [metric + end for metric in results.metrics for end in ends[metric]]


def versus(results: Results, pairs: Pairs, kind: Kind | None = None) -> pd.DataFrame:
    """One row a (cell, control): difference, interval, p, Holm's p, probability of improvement.

    Args:
        results: What was measured.
        pairs: Cells and their controls.
        kind: Cells -> the pairs of this kind that they hold. Holm corrects over those that are planned on a
            data set and protocol, run or not; default `with_none`.
    """
    sizes = family_sizes((kind or with_none)(results.planned_ids))
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


def family_sizes(pairs: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(Data set, protocol) -> how many of these comparisons are to be made on it."""
    sizes: dict[tuple[str, str], int] = {}
    for cell, _ in pairs:
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

    def compute() -> dict[str, int]:
        arms = [run_variance.arm(results, name) for name in (cell, control)]
        seeds = [{fold.fold: len(fold.seeds) for fold in arm.folds} for arm in arms]
        counts = [min(seeds[0][fold], seeds[1][fold]) for fold in seeds[0].keys() & seeds[1].keys()]
        return {"folds": len(counts), "seeds": max(counts, default=0), "runs": sum(counts)}

    return results.once(["trainings", cell, control], [cell, control], compute)


def arms(results: Results, cell: str, control: str, classes: list[str] | None = None) -> dict[str, Any]:
    """What their paired difference rests on: `folds` that both have, and on those, of the one and the other,
    `n` predictions, `seeds`, `runs` and `top1`; `every` counts the folds of each, shared or not."""

    def compute() -> dict[str, Any]:
        sides = [run_variance.arm(results, name, classes).folds for name in (cell, control)]
        shared = set.intersection(*({fold.fold for fold in side} for side in sides))
        kept = [[fold for fold in side if fold.fold in shared] for side in sides]
        found: dict[str, Any] = {"folds": len(shared), "every": [len(side) for side in sides]}
        found["n"] = [sum(fold.hits.size for fold in side) for side in kept]
        found["seeds"] = [max((len(fold.seeds) for fold in side), default=0) for side in kept]
        found["runs"] = [sum(len(fold.seeds) for fold in side) for side in kept]
        means = [[float(fold.hits.mean()) for fold in side] for side in kept]
        return found | {"top1": [float(np.mean(side)) if side else None for side in means]}

    return results.once(["arms", cell, control, classes], [cell, control], compute)


def over_models(pairs: list[tuple[str, str]]) -> dict[str, float]:
    """The weights of the mean over pairs of a cell less its control."""
    weights: dict[str, float] = {}
    for pair in pairs:
        for cell, sign in zip(pair, (1.0, -1.0)):
            weights[cell] = weights.get(cell, 0.0) + sign / len(pairs)
    return weights


def weights(results: Results, *cells: str) -> str | None:
    """What the networks of these cells started from, by their first records; None where none was run."""
    firsts = [results.records[cell][0] for cell in cells if results.records.get(cell)]
    return ", ".join(dict.fromkeys(r["weights"] for r in firsts if r.get("weights"))) or None


def protocol(results: Results, name: str) -> dict:
    """The settings of a protocol as its first record has them; empty where none was run."""
    if "protocols" not in results.cache:
        found: dict[str, dict] = {}
        for cell in results.ids:
            for record in results.records[cell]:
                if "protocol" in record:
                    found.setdefault(coordinates(cell)["protocol"], record["protocol"])
        results.cache["protocols"] = found
    return results.cache["protocols"].get(name, {})


def planned_protocol(results: Results, name: str) -> dict:
    """The same; of one that has no record, what params.yaml says of it, where the results know."""
    return protocol(results, name) or results.protocols.get(name, {})


def differing(results: Results, first: str, second: str) -> list[str]:
    """The settings in which two protocols differ, by their keys in params.yaml."""
    settings = [protocol(results, name) for name in (first, second)]
    named = ("kind", "defects")  # they name what the other settings do
    return [key for key in settings[0] if key not in named and settings[0][key] != settings[1].get(key)]


def run_source(results: Results, *cells: str) -> str:
    """Where the variance over training runs of a comparison's arms is from."""

    def compute() -> str:
        return "; ".join(dict.fromkeys(run_variance.of(results, cell).source for cell in cells))

    return results.once(["run_source", *cells], cells, compute)


def _row(results: Results, cell: str) -> dict:
    return results.once(["cell", cell, *results.metrics], [cell], lambda: _cell(results, cell))


def _cell(results: Results, cell: str) -> dict:
    records, runs = results.records[cell], _usable(results, cell)
    row: dict = {**coordinates(cell)}
    for metric in results.metrics:
        row[metric] = runs[metric].mean() if len(runs) else np.nan
        if metric in OF_CLIPS:
            row |= interval(metric, accuracy(results, cell, metric=metric))
    first = records[0] if records else {}
    row |= {"n": _whole(runs["n"].sum()), "n_official": _whole(runs["n_official"].sum())}
    folds = run_variance.arm(results, cell).folds
    row |= {"folds": _whole(len(folds)), "seeds": _whole(max((len(fold.seeds) for fold in folds), default=0))}
    row["run_variance"] = run_source(results, cell) if len(runs) else None
    row["encoder"] = first.get("protocol", {}).get("encoder")
    return row | {k: first.get(k) for k in ("parameters", "trainable", "flops", "weights")}


def _usable(results: Results, cell: str) -> pd.DataFrame:
    """The rows of `samples.runs` that are of a cell."""
    if "usable" not in results.cache:
        results.cache["usable"] = dict(iter(samples.runs(results).groupby("cell", sort=False)))
    return results.cache["usable"].get(cell, results.runs.iloc[:0])


def interval(name: str, estimate: Estimate) -> dict[str, Any]:
    """An estimate as three columns of a table."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _whole(value: float) -> int | None:
    return int(value) if value else None


def _versus(results: Results, cell: str, control: str, sizes: dict[tuple[str, str], int]) -> dict:
    where, estimate = coordinates(cell), paired(results, {cell: 1.0, control: -1.0})
    family = sizes.get((where["dataset"], where["protocol"]), 1)
    row: dict = {"cell": cell, "control": control, **where, **trainings(results, cell, control)}
    row |= {"n": estimate.n, **interval("difference", estimate), "p": estimate.p, "family_size": family}
    row |= {"arms": [arms(results, cell, control)], "improvement": np.nan}
    if row["seeds"] >= MANY_SEEDS:
        pair = [cell, control]
        row["improvement"] = results.once(["improvement", *pair], pair, lambda: _improvement(results, *pair))
    row["detectable"] = noise_model.minimal_detectable(estimate, family)
    return row | {"run_variance": run_source(results, cell, control)}


def _improvement(results: Results, cell: str, control: str) -> float:
    """Probability of improvement within a fold (as within a task in Agarwal et al. 2021), mean over folds."""
    arms = [run_variance.arm(results, name) for name in (cell, control)]
    means = [{fold.fold: fold.hits.mean(1) for fold in arm.folds} for arm in arms]
    shared = sorted(means[0].keys() & means[1].keys())
    chances = [statistics.probability_of_improvement(means[0][fold], means[1][fold]) for fold in shared]
    return float(np.mean(chances)) if chances else np.nan

"""From runs to cells: one row a cell, and pairs of cells on the same clips."""

import numpy as np
import pandas as pd

from vidattn.bench import stats, wording
from vidattn.bench.results import COORDINATES, Results, coordinates, identity

OF_CLIPS = ("top1", "top5")  # metrics that are means over clips, so that groups can be resampled
PROBE = "nearest"  # architecture of the 1-NN leakage probe
EXTENT = ["n", "n_official", "folds", "seeds", "parameters", "trainable", "flops", "encoder", "weights"]


def cells(results: Results) -> pd.DataFrame:
    """One row a cell: coordinates, mean accuracies with intervals, n, folds, seeds, parameters, FLOPs.

    A cell without records keeps its row; its numbers are missing.
    """
    if "cells" not in results.cache:
        rows = [_cell(results, cell) for cell in results.ids]
        columns = [*COORDINATES, *accuracies(results), *EXTENT]
        results.cache["cells"] = pd.DataFrame(rows, columns=columns)
    return results.cache["cells"].copy()


def accuracies(results: Results) -> list[str]:
    """The columns of the metrics, each followed by its interval where it has one."""
    ends = {metric: ("", "_low", "_high") if metric in OF_CLIPS else ("",) for metric in results.metrics}
    return [metric + end for metric in results.metrics for end in ends[metric]]


def hits(predictions: pd.DataFrame, metric: str = "top1") -> np.ndarray:
    """(N,) 1 where the clip counts as recognised under `top1` or `top5`."""
    if metric == "top5":
        return (predictions["rank"] <= 5).to_numpy(float)
    return (predictions["label"] == predictions["prediction"]).to_numpy(float)


def accuracy(
    results: Results, cell: str, classes: list[str] | None = None, metric: str = "top1"
) -> stats.Interval:
    """Accuracy of a cell with its interval, over the clips of some classes or all."""
    frame = _part(results.predictions(cell), classes)
    if frame.empty:
        return stats.Interval(np.nan, np.nan, np.nan, np.nan, 0, 0)
    return stats.interval(hits(frame, metric), frame["group"], frame["run"])


def pair(results: Results, cell: str, control: str, classes: list[str] | None = None) -> pd.DataFrame:
    """Rows that both cells predicted (same fold, seed, clip): group, run, first, second."""
    frames = [_part(results.predictions(name), classes) for name in (cell, control)]
    if any(frame.empty for frame in frames):
        return pd.DataFrame(columns=["group", "run", "first", "second"])
    first, second = (f.assign(hit=hits(f))[["run", "clip", "group", "hit"]] for f in frames)
    both = first.merge(second.drop(columns="group"), on=["run", "clip"], suffixes=("", "_other"))
    return both.rename(columns={"hit": "first", "hit_other": "second"})


def difference(
    results: Results, cell: str, control: str, classes: list[str] | None = None
) -> stats.Difference:
    """Paired difference in top-1 of a cell to its control; missing where they share no run."""
    rows = pair(results, cell, control, classes)
    if rows.empty:
        return stats.Difference(np.nan, np.nan, np.nan, np.nan, 0, 0, np.nan)
    return stats.difference(rows["first"], rows["second"], rows["group"], rows["run"])


def versus(results: Results, pairs: list[tuple[str, str]]) -> pd.DataFrame:
    """One row a (cell, control): difference, interval, p by three tests, Holm's p.

    Holm corrects over the rows of the cell's data set and protocol, as one question is asked of each.
    """
    key = ("versus", *pairs)
    if key not in results.cache:
        frame = pd.DataFrame([_versus(results, cell, control) for cell, control in pairs])
        if pairs:
            families = list(zip(frame["dataset"], frame["protocol"]))
            frame = frame.assign(p_holm=stats.holm_within(frame["p"], families))
        results.cache[key] = frame
    return results.cache[key].copy()


def probe(cells: pd.DataFrame) -> pd.Series:
    """Whether each row is the 1-NN leakage probe: nothing is trained, so it is no model among models."""
    return cells["architecture"] == PROBE


def clear(rows: pd.DataFrame) -> pd.Series:
    """Whether each difference of `versus` is clear: over clips, after Holm, and over enough trainings."""
    repeated = (rows["p_trainings"] < 0.05) & (rows["runs"] >= wording.ENOUGH)
    return (rows["p_holm"] < 0.05) & repeated


def over_trainings(results: Results, cell: str, control: str, classes: list[str] | None = None) -> float:
    """p of Nadeau and Bengio's paired t test over the trainings (fold and seed) of two cells.

    The interval over groups says what other clips would do to these trained models. This says what other
    trainings might: it is missing for one, and weak for few. It allows for training sides that overlap.
    """
    means = pair(results, cell, control, classes).groupby("run")[["first", "second"]].mean()
    sizes = results.runs[results.runs["cell"] == cell][["n_train", "n"]].mean()
    gaps = (means["first"] - means["second"]).to_numpy(float)
    return stats.corrected_t(gaps, sizes["n_train"], sizes["n"])[1]


def trainings(results: Results, cell: str, control: str) -> dict[str, int]:
    """What both cells were trained on: {"folds", "seeds", "runs"}, runs are trainings a side."""
    sides = [{(r["fold"], r["seed"]) for r in results.records.get(name, [])} for name in (cell, control)]
    both = sides[0] & sides[1]
    folds, seeds = ({run[i] for run in both} for i in (0, 1))
    return {"folds": len(folds), "seeds": len(seeds), "runs": len(both)}


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
    sides = [protocol(results, name) for name in (first, second)]
    named = ("kind", "defects")  # they name what the other settings do
    return [key for key in sides[0] if key not in named and sides[0][key] != sides[1].get(key)]


def against_none(results: Results) -> list[tuple[str, str]]:
    """Every cell with attention, paired with the same cell without."""
    pairs = [(cell, identity({**coordinates(cell), "attention": "none"})) for cell in results.ids]
    return [(cell, control) for cell, control in pairs if cell != control and control in results.ids]


def contrasts(results: Results, options: dict) -> pd.DataFrame:
    """One row a contrast: both accuracies on the family's classes, their difference, the verdict.

    Options:
        families: Family -> its classes.
        contrasts: List of {"name", "family", "cell", "control"}; cells by id or coordinates.
    """
    return pd.DataFrame([_contrast(results, row, options) for row in options.get("contrasts", [])])


def _part(frame: pd.DataFrame, classes: list[str] | None) -> pd.DataFrame:
    return frame if classes is None or frame.empty else frame[frame["label"].isin(classes)]


def _cell(results: Results, cell: str) -> dict:
    records, runs = results.records[cell], results.runs[results.runs["cell"] == cell]
    row: dict = {**coordinates(cell)}
    for metric in results.metrics:
        row[metric] = runs[metric].mean() if records else np.nan
        if metric in OF_CLIPS:
            found = accuracy(results, cell, metric=metric)
            row |= {f"{metric}_low": found.low, f"{metric}_high": found.high}
    first = records[0] if records else {}
    row |= {"n": _whole(runs["n"].sum()), "n_official": _whole(runs["n_official"].sum())}
    row |= {"folds": _whole(runs["fold"].nunique()), "seeds": _whole(runs["seed"].nunique())}
    row["encoder"] = first.get("protocol", {}).get("encoder")
    return row | {k: first.get(k) for k in ("parameters", "trainable", "flops", "weights")}


def _whole(value: float) -> int | None:
    return int(value) if value else None


def _versus(results: Results, cell: str, control: str) -> dict:
    rows, found = pair(results, cell, control), difference(results, cell, control)
    row: dict = {"cell": cell, "control": control, **coordinates(cell), **trainings(results, cell, control)}
    row |= {"n": found.n, "difference": found.value}
    row |= {"difference_low": found.low, "difference_high": found.high, "p": found.p}
    row["p_mcnemar"] = stats.mcnemar(rows["first"], rows["second"]) if len(rows) else np.nan
    row["p_trainings"] = over_trainings(results, cell, control)
    row["improvement"] = _improvement(results, cell, control) if row["runs"] > 1 else np.nan
    row["detectable"] = stats.minimal_detectable(found.error, found.groups)
    return row


def _improvement(results: Results, cell: str, control: str) -> float:
    """Probability of improvement within a fold (as within a task in Agarwal et al. 2021), mean over folds."""
    runs = results.runs.groupby(["cell", "fold"])["top1"].apply(list)
    first, second = (runs[name] if name in runs else pd.Series() for name in (cell, control))
    shared = first.index.intersection(second.index)
    found = [stats.probability_of_improvement(first[fold], second[fold]) for fold in shared]
    return float(np.mean(found)) if found else np.nan


def _contrast(results: Results, row: dict, options: dict) -> dict:
    cell, control = identity(row["cell"]), identity(row["control"])
    classes = _family(row.get("family"), options)
    first, second = (accuracy(results, name, classes) for name in (cell, control))
    gap = difference(results, cell, control, classes)
    values = {"name": row["name"], "family": row.get("family", "all"), "cell": cell, "control": control}
    values |= trainings(results, cell, control)
    values["p_trainings"] = over_trainings(results, cell, control, classes)
    for name, found in (("top1", first), ("control_top1", second), ("difference", gap)):
        values |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
    return values | {"p": gap.p, "n": gap.n, "groups": gap.groups, "verdict": _verdict(first, second, gap)}


def _family(name: str | None, options: dict) -> list[str] | None:
    families = options.get("families", {})
    if name not in (None, "all") and name not in families:
        known = ", ".join(sorted(families))
        raise ValueError(f"Unknown family '{name}' in a contrast. Expected one of: {known}.")
    return families.get(name)


def _verdict(first: stats.Interval, second: stats.Interval, gap: stats.Difference) -> str:
    """One of: not run, disjoint, higher, not shown, lower."""
    if np.isnan(gap.value):
        return "not run"
    if first.low > second.high:
        return "disjoint"
    if gap.low > 0:
        return "higher"
    return "lower" if gap.high < 0 else "not shown"

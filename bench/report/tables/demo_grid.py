"""The demo grid: accuracy over all classes and per family, difference to none (Holm in a protocol), cost."""

import pandas as pd

from vidattn.bench.analysis import against_controls, comparisons
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

DATASET = "actors"
COLUMNS = ["difference", "difference_low", "difference_high", "p_holm", "judged_in", "detectable"]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per cell.

    Compare:
        families: Family -> its classes; adds `top1_<family>` with its interval.
    """
    ids = [cell for cell in results.ids if coordinates(cell)["dataset"] == DATASET]
    frame = comparisons.only(results, ids).drop(columns=["trainable"], errors="ignore")
    frame.insert(0, "cell", ids)
    measured = comparisons.accuracies(results)
    for family, classes in results.compare.get("families", {}).items():
        columns = [f"top1_{family}{end}" for end in ("", "_low", "_high")]
        found = [comparisons.accuracy(results, cell, classes) for cell in ids]
        ends = [[x.value for x in found], [x.low for x in found], [x.high for x in found]]
        frame = frame.assign(**dict(zip(columns, ends)))
        measured += columns
    return _ordered(_with_differences(frame, results), measured)


def _with_differences(frame: pd.DataFrame, results: Results) -> pd.DataFrame:
    pairs = comparisons.with_none(frame["cell"])
    if not pairs:
        return frame.assign(**dict.fromkeys(COLUMNS, float("nan")))
    found = against_controls.versus(results, pairs)
    return frame.merge(found[["cell", *COLUMNS]], on="cell", how="left")


def _ordered(frame: pd.DataFrame, measured: list[str]) -> pd.DataFrame:
    """Coordinates, accuracies, differences, then size and cost."""
    last = ["n", "n_official", "folds", "seeds", "parameters", "flops", "weights"]
    renamed = {c: c.replace("difference", "top1_difference") for c in COLUMNS}
    return frame[[*COORDINATES, *measured, *COLUMNS, *last]].rename(columns=renamed)

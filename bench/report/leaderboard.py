"""The leaderboard: one row per cell that was run, with what a reader sorts and filters by."""

import numpy as np
import pandas as pd

from vidattn.bench.analysis import against_controls, comparisons, controls, untrained
from vidattn.bench.report import model_costs, render
from vidattn.bench.results.reader import COORDINATES, Results

FILTERS = ("dataset", "protocol", "backbone", "attention", "architecture")
GAP = ["cell", "control", "difference", "difference_low", "difference_high", "p_holm", "judged_in"]


def table(results: Results) -> pd.DataFrame:
    """One row per cell that was trained, the best of each data set and protocol first.

    Columns: `cell`, the coordinates, `top1` and `difference` (to `control`) each with its interval, `p_holm`,
    `parameters`, `flops`, `latency_ms` (of `vidattn bench costs`, where the model was measured), `n`, `runs`.
    Holm's correction is over the comparisons that are planned on a data set and protocol; those with no
    attention and those with uniform weights are two families.
    """
    frame = comparisons.cells(results)
    frame.insert(0, "cell", pd.Series(results.ids, dtype=str))
    frame = frame[frame["top1"].notna() & frame["architecture"].map(untrained.trained)].reset_index(drop=True)
    frame["runs"] = [len(results.records[cell]) for cell in frame["cell"]]
    frame = frame.merge(_gaps(results), on="cell", how="left")
    frame["latency_ms"] = model_costs.of(results, frame)["latency_ms"]
    sets = {name: place for place, name in enumerate(dict.fromkeys(frame["dataset"]))}
    frame["set"] = frame["dataset"].map(sets)
    frame["order"] = frame.groupby(["set", "protocol"], sort=False).ngroup()
    return frame.sort_values(["set", "order", "top1"], ascending=[True, True, False], kind="stable")


def _gaps(results: Results) -> pd.DataFrame:
    """The differences to controls, each corrected with those of its kind."""
    pairs = controls.pairs(results)
    kinds = {kind: [pair for pair in kind(results.ids) if pair in pairs] for kind in controls.kinds(results)}
    versus = against_controls.versus
    parts = [versus(results, mine, kind=kind)[GAP] for kind, mine in kinds.items() if mine]
    return (pd.concat(parts) if parts else pd.DataFrame(columns=GAP)).astype({"cell": str})


def rows(frame: pd.DataFrame) -> list[dict]:
    """The rows for the page: coordinates, and each number as (shown, sort key)."""
    return [_row(row) for _, row in frame.iterrows()]


def choices(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Coordinate -> its values, of those that have several."""
    values = {name: list(dict.fromkeys(frame[name])) for name in FILTERS}
    return {name: found for name, found in values.items() if len(found) > 1}


def _row(row: pd.Series) -> dict:
    gap = row["difference_low"]
    sure = (
        ""
        if pd.isna(row["p_holm"]) or row["p_holm"] >= comparisons.LEVEL
        else "higher"
        if row["difference"] > 0
        else "lower"
    )
    shown = {
        "top1": (_percent(row, "top1", ".1f"), row["top1"]),
        "difference": (_percent(row, "difference", "+.1f"), np.nan if pd.isna(gap) else row["difference"]),
        "parameters": (short(row["parameters"]), row["parameters"]),
        "flops": (short(row["flops"]), row["flops"]),
        "latency_ms": (render.number(row["latency_ms"], "latency_ms"), row["latency_ms"]),
        "runs": (str(row["runs"]), row["runs"]),
    }
    numbers = {name: (text, "" if pd.isna(key) else f"{key:.9g}") for name, (text, key) in shown.items()}
    where = {name: row[name] for name in COORDINATES}
    low, high = ((0 if pd.isna(row[c]) else 100 * row[c]) for c in ("top1_low", "top1_high"))
    bar = {"low": round(low, 1), "width": round(high - low, 1), "value": round(100 * row["top1"], 1)}
    control = "" if pd.isna(row["control"]) else row["control"]
    head = row["encoder"] == "frozen"
    return {
        "cell": row["cell"],
        **where,
        "numbers": numbers,
        "bar": bar,
        "sure": sure,
        "control": control,
        "head": head,
    }


def _percent(row: pd.Series, name: str, form: str) -> str:
    """`74.3 [60.9, 85.6]` in percent or points, a dash where there is nothing."""
    value, low, high = (100 * float(row[c]) for c in (name, f"{name}_low", f"{name}_high"))
    if np.isnan(value):
        return render.MISSING
    ends = "" if np.isnan(low) else f" [{low:{form}}, {high:{form}}]"
    return f"{value:{form}}{ends}"


def short(value: float) -> str:
    """`3.5 M`: a count in the unit that a reader compares by."""
    if pd.isna(value):
        return render.MISSING
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.0f}"

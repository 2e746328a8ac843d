"""The whole grid: accuracy, difference to none (Holm's p within data set and protocol), size, cost."""

import pandas as pd

from vidattn.bench import summary
from vidattn.bench.results import COORDINATES, Results

COLUMNS = ["difference", "difference_low", "difference_high", "p", "p_holm", "p_mcnemar", "p_corrected_t"]
MEASURED = ["latency_ms", "peak_memory_mb", "train_seconds"]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row a cell; `detectable` is the smallest difference these clips could have shown (power 0.8)."""
    frame = summary.cells(results)
    frame.insert(0, "cell", pd.Series(results.ids, dtype=str))
    frame = frame.merge(_differences(results), on="cell", how="left")
    measured = [*MEASURED, "device"]
    costs = pd.DataFrame([_costs(results, cell) for cell in results.ids], columns=["cell", *measured])
    costs = costs.astype({"cell": str})
    frame = frame.merge(costs, on="cell", how="left")
    sizes = ["n", "n_official", "folds", "seeds", "parameters", "trainable", "flops", *measured, "weights"]
    accuracies = [c for c in frame.columns if c.startswith(("top", "per_class"))]
    columns = [*COORDINATES, *accuracies, *COLUMNS, "improvement", "detectable", *sizes]
    return frame[columns].rename(columns=lambda c: f"top1_{c}" if c.startswith("difference") else c)


def _differences(results: Results) -> pd.DataFrame:
    pairs, columns = summary.against_none(results), ["cell", *COLUMNS, "improvement", "detectable"]
    return (
        summary.versus(results, pairs)[columns]
        if pairs
        else pd.DataFrame(columns=columns).astype({"cell": str})
    )


def _costs(results: Results, cell: str) -> dict:
    """Means over the runs; memory is the largest."""
    frame = results.timings(cell)
    if frame.empty:
        return {"cell": cell}
    how = {"latency_ms": "mean", "peak_memory_mb": "max", "train_seconds": "mean"}
    row = {name: frame[name].agg(f) for name, f in how.items() if name in frame}
    return {"cell": cell, **row, "device": ", ".join(sorted(set(frame.get("device", []))))}

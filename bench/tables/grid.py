"""The whole grid: accuracy, difference to none (Holm's p within data set and protocol), size, cost."""

import pandas as pd

from vidattn.bench import summary, training
from vidattn.bench.results import COORDINATES, Results

COLUMNS = ["difference", "difference_low", "difference_high", "p", "p_holm", "p_mcnemar", "p_trainings"]
MEASURED = ["latency_ms", "train_seconds"]
LEFT_OUT = ("p", "p_mcnemar", "n_official", "trainable", *MEASURED, "device")


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row a cell; `detectable` is the smallest difference these clips could have shown (power 0.8).

    Where `encoder` is frozen, parameters and FLOPs are of the head alone. `capped` counts the runs whose
    chosen epoch is the last allowed one or within patience of it.
    """
    frame = summary.cells(results)
    frame.insert(0, "cell", pd.Series(results.ids, dtype=str))
    frame = frame.merge(_differences(results), on="cell", how="left")
    measured = ["capped", *MEASURED, "device"]
    costs = pd.DataFrame([_costs(results, cell) for cell in results.ids], columns=["cell", *measured])
    costs = costs.astype({"cell": str})
    frame = frame.merge(costs, on="cell", how="left")
    sizes = ["n", "n_official", "folds", "seeds", "encoder", "parameters", "trainable", "flops", *measured]
    first = [*COORDINATES, *summary.accuracies(results), *COLUMNS]
    frame = frame[[*first, "improvement", "detectable", *sizes, "weights"]]
    return frame.rename(columns=lambda c: f"top1_{c}" if c.startswith("difference") else c)


def _differences(results: Results) -> pd.DataFrame:
    pairs, columns = summary.against_none(results), ["cell", *COLUMNS, "improvement", "detectable"]
    return (
        summary.versus(results, pairs)[columns]
        if pairs
        else pd.DataFrame(columns=columns).astype({"cell": str})
    )


def _costs(results: Results, cell: str) -> dict:
    """Means over the runs, and how many of them the last epoch cut short."""
    frame, records = results.timings(cell), training.trained(results.records[cell])
    row: dict = {"cell": cell, "capped": sum(map(training.capped, records)) if records else None}
    if frame.empty:
        return row
    row |= {name: frame[name].mean() for name in MEASURED if name in frame}
    return {**row, "device": ", ".join(sorted(set(frame.get("device", []))))}

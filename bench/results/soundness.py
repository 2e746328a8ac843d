"""Whether a record says of a run what its predictions say: what does not is told, and left out of tables."""

import math
from collections.abc import Iterator, Mapping

import numpy as np

Columns = Mapping[str, np.ndarray]

BOUNDED = ("top1", "top5", "per_class")  # shares, which follow from the predictions
COUNTS = ("n", "parameters", "trainable", "flops")
ROUNDING = 1e-5  # records have six digits


def complaint(record: dict, predictions: Columns | None) -> str | None:
    """Why a record cannot be believed, in a few words; None where it can.

    Args:
        record: Its content, with the keys that every record has.
        predictions: The columns of its csv, each (N,); without them only the record itself is looked at.
    """
    why = next(_impossible(record), None)
    return why or (None if predictions is None else _contradiction(record, predictions))


def _impossible(record: dict) -> Iterator[str]:
    """Values that no run can have."""
    for name in COUNTS:
        if not isinstance(record[name], int) or record[name] < 0:
            yield f"{name} is {record[name]}, expected a count"
    for name, value in record["metrics"].items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            yield f"{name} is {value}, expected a number"
        elif name in BOUNDED and not 0 <= value <= 1:
            yield f"{name} is {value}, expected a share from 0 to 1"


def _contradiction(record: dict, columns: Columns) -> str | None:
    """What the predictions say otherwise."""
    labels, count = columns["label"], len(columns["clip"])
    if record["n"] != count or not count:
        return f"n is {record['n']}, and there are predictions of {count} clips"
    hits, classes = labels == columns["prediction"], np.unique(labels, return_inverse=True)[1]
    computed = {
        "top1": hits.mean(),
        "top5": (columns["rank"] <= 5).mean(),
        "per_class": (np.bincount(classes, weights=hits) / np.bincount(classes)).mean(),
    }
    for name, value in computed.items():
        if abs(record["metrics"][name] - value) > ROUNDING:
            return f"{name} is {record['metrics'][name]}, and {value:.6f} by its predictions"
    return None

"""Confusion matrix of one run."""

import io
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

STYLE: Any = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}


def png(predictions: pd.DataFrame, classes: list[str]) -> bytes:
    """The picture of a run's confusion matrix; the same bytes from the same predictions."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        confusion(predictions, classes).savefig(buffer, format="png", metadata={"Software": None}, dpi=120)
    return buffer.getvalue()


def confusion(predictions: pd.DataFrame, classes: list[str]) -> Figure:
    """Confusion matrix, rows are labels; numbers are printed where they fit."""
    counts = pd.crosstab(predictions["label"], predictions["prediction"])
    matrix = counts.reindex(index=classes, columns=classes, fill_value=0).to_numpy()
    side = max(3.0, 0.28 * len(classes) + 1.2)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(matrix / np.maximum(matrix.sum(1, keepdims=True), 1), cmap="Greys", vmin=0, vmax=1)
    if len(classes) <= 25:
        for (row, column), count in np.ndenumerate(matrix):
            shade = "white" if count > 0.5 * matrix[row].sum() else "black"
            axes.text(column, row, count or "", ha="center", va="center", color=shade, fontsize=7)
    axes.set_xticks(range(len(classes)), classes, rotation=90, fontsize=7)
    axes.set_yticks(range(len(classes)), classes, fontsize=7)
    axes.set(xlabel="prediction", ylabel="label")
    return figure

"""Gates of the LSTM head through the first updates."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from vidattn.bench.figures.style import COLOURS, DASHES, MARKERS, Drawing
from vidattn.bench.results import Results

CAPTION = (
    "Gates of the ICIP head without gradient, and training loss, update by update; one change at a time."
)


def draw(results: Results) -> dict[str, Drawing]:
    """One figure, where gates were followed."""
    frame = results.saturation
    return {"saturation": Drawing(saturation(frame), CAPTION)} if len(frame) else {}


def saturation(frame: pd.DataFrame) -> Figure:
    """Gates without gradient and training loss by update, a column a kind of features, a line a case."""
    kinds = list(frame.groupby("features", sort=False))
    figure = Figure(figsize=(3.4 * len(kinds), 5.4), layout="constrained")
    grid = figure.subplots(2, len(kinds), squeeze=False, sharex="col", sharey="row")
    for column, (name, part) in enumerate(kinds):
        for i, (case, line) in enumerate(part.groupby(["change", "width"], sort=False)):
            style: dict[str, Any] = {"color": COLOURS[i], "ls": DASHES[i], "marker": MARKERS[i], "ms": 4}
            for axes, value in zip(grid[:, column], ("beyond_2_5", "loss")):
                axes.plot(line["step"], line[value], lw=1.2, label=f"{case[0]} ({case[1]:,})", **style)
        grid[0, column].set_title(name, fontsize=9)
        grid[0, column].legend(fontsize=6)
        grid[1, column].set(xlabel="updates", yscale="log")
    grid[0, 0].set_ylabel("share of gates beyond +-2.5")
    grid[1, 0].set_ylabel("training loss")
    return figure

"""Gates of the LSTM head through the first updates."""

import re
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from vidattn.bench.report.figures.style import COLOURS, DASHES, MARKERS, Drawing
from vidattn.bench.results.reader import Results

CAPTION = (
    "Gates of the ICIP head without gradient, and training loss, update by update; one change at a time."
)
ORDER = 70
BESIDE = "saturation"


def draw(results: Results) -> dict[str, Drawing]:
    """One figure, where gates were followed."""
    frame = results.saturation
    return {"saturation": Drawing(saturation(frame), CAPTION)} if len(frame) else {}


def saturation(frame: pd.DataFrame) -> Figure:
    """Gates without gradient and training loss by update, a column a kind of features, a line a case.

    The same change has the same style in every column.
    """
    kinds = list(frame.groupby("features", sort=False))
    styles: dict[tuple[str, int], int] = {}
    figure = Figure(figsize=(3.4 * len(kinds), 5.4), layout="constrained")
    grid = figure.subplots(2, len(kinds), squeeze=False, sharex="col", sharey="row")
    for column, (name, part) in enumerate(kinds):
        cases = list(part.groupby(["change", "width"], sort=False))
        for (case, line), kind in zip(cases, _kinds([case[0] for case, _ in cases])):
            i = styles.setdefault(kind, len(styles)) % len(COLOURS)
            style: dict[str, Any] = {"color": COLOURS[i], "ls": DASHES[i], "marker": MARKERS[i], "ms": 4}
            for axes, value in zip(grid[:, column], ("beyond_2_5", "loss")):
                axes.plot(line["step"], line[value], lw=1.2, label=f"{case[0]} ({case[1]:,})", **style)
        grid[0, column].set_title(name, fontsize=9)
        grid[0, column].legend(fontsize=6)
        grid[1, column].set(xlabel="updates", yscale="log")
        for place in (grid[1, column].yaxis.set_major_formatter, grid[1, column].yaxis.set_minor_formatter):
            place(FuncFormatter(lambda x, _: f"{x:g}" if f"{x:e}"[0] in "1246" else ""))
    grid[0, 0].set_ylabel("share of gates beyond +-2.5")
    grid[1, 0].set_ylabel("training loss")
    return figure


def _kinds(changes: list[str]) -> list[tuple[str, int]]:
    """What was changed, without by how much or on what; a number tells apart those of one kind."""
    names = [re.sub(r"[\s\d./e-]+$", "", change.partition(",")[0]) for change in changes]
    return [(name, names[:i].count(name)) for i, name in enumerate(names)]

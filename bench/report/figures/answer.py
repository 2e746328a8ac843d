"""What each attention is worth: its difference to the control with interval, a heading a data set."""

import pandas as pd
from matplotlib.figure import Figure

from vidattn.bench.analysis import main_effects
from vidattn.bench.report.figures.style import Drawing
from vidattn.bench.results.reader import Results

ORDER = 10
CAPTION = (
    "Top-1 with attention minus top-1 of the same model without, mean over models, clean protocols, with "
    "95 % intervals. Filled: significant after Holm's correction within the data set."
)


def draw(results: Results) -> dict[str, Drawing]:
    """One figure, where an attention was compared with its control under a clean protocol."""
    effects = main_effects.table(results)
    return {"answer": Drawing(answer(effects), CAPTION)} if len(effects) else {}


def answer(effects: pd.DataFrame) -> Figure:
    """A row an effect with its numbers at the right, the largest first below its data set and protocol."""
    families = list(effects.groupby(["dataset", "protocol"], sort=False))
    count = len(effects) + len(families)
    figure = Figure(figsize=(5.6, 0.8 + 0.24 * count), layout="constrained")
    axes = figure.subplots()
    names: list[str] = []
    for where, part in families:
        axes.axhline(len(names), color="#EEEEEE", lw=14, zorder=0)
        names.append(", ".join(where))
        for _, row in part.sort_values("difference", ascending=False, kind="stable").iterrows():
            value, low, high = (100 * row[c] for c in ("difference", "difference_low", "difference_high"))
            face = "black" if row["p_holm"] < 0.05 else "white"
            axes.plot([low, high], [len(names)] * 2, color="black", lw=1.3)
            axes.plot([value], [len(names)], marker="o", color="black", mfc=face, ms=6)
            text = f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"
            axes.text(1.01, len(names), text, transform=axes.get_yaxis_transform(), va="center", fontsize=8)
            names.append(row["attention"])
    axes.axvline(0, color="#8C8C8C", lw=1, ls="--", zorder=1)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    for label, is_heading in zip(axes.get_yticklabels(), _headings(families)):
        label.set_fontweight("bold" if is_heading else "normal")
    axes.set_ylim(len(names) - 0.5, -0.7)
    axes.set_xlabel("difference in top-1, percentage points")
    return figure


def _headings(families: list[tuple[tuple[str, str], pd.DataFrame]]) -> list[bool]:
    """Which rows of the figure are headings."""
    return [first for _, part in families for first in (True, *[False] * len(part))]

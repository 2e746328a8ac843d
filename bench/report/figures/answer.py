"""What each attention is worth: its difference to the control with interval, a heading a data set."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from vidattn.bench.analysis import main_effects
from vidattn.bench.report.figures.style import Drawing
from vidattn.bench.results.reader import Results

ORDER = 10
WIDTH = 4.3  # inches: on a telephone its letters are then as large as those of a caption
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
    figure = Figure(figsize=(WIDTH, 0.6 + 0.2 * count), layout="constrained")
    axes = figure.subplots()
    across = blended_transform_factory(figure.transFigure, axes.transData)
    names: list[str] = []
    for where, part in families:
        band = axes.plot([0, 1], [len(names)] * 2, color="#EEEEEE", lw=13, zorder=0, transform=across)
        title = axes.text(0.012, len(names), ", ".join(where), transform=across, va="center", weight="bold")
        for part_of_heading in (*band, title):  # across the whole figure, whatever room the names take
            part_of_heading.set_clip_on(False)
            part_of_heading.set_in_layout(False)
        names.append("")
        for _, row in part.sort_values("difference", ascending=False, kind="stable").iterrows():
            value, low, high = (100 * row[c] for c in ("difference", "difference_low", "difference_high"))
            face = "black" if row["p_holm"] < 0.05 else "white"
            axes.plot([low, high], [len(names)] * 2, color="black", lw=1.3)
            axes.plot([value], [len(names)], marker="o", color="black", mfc=face, ms=5.5)
            text = f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"
            axes.text(1.02, len(names), text, transform=axes.get_yaxis_transform(), va="center", fontsize=8)
            names.append(row["attention"])
    axes.axvline(0, color="#8C8C8C", lw=1, ls="--", zorder=1)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(names) - 0.5, -0.7)
    axes.set_xlabel("difference in top-1, points")
    return figure

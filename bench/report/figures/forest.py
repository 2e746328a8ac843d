"""Differences to no attention with their intervals."""

import pandas as pd
from matplotlib.figure import Figure

from vidattn.bench.analysis import comparisons
from vidattn.bench.report.figures.style import Drawing
from vidattn.bench.results.reader import Results

CAPTION = (
    "Each attention minus none on the same clips, with 95 % intervals for other clips and other training "
    "runs; filled where Holm's p within the data set and protocol is below 0.05."
)
ORDER = 20
BESIDE = "grid"


def draw(results: Results) -> dict[str, Drawing]:
    """One figure, where an attention was compared with none."""
    versus = comparisons.versus(results, comparisons.against_none(results))
    known = versus[versus["difference_low"].notna()] if len(versus) else versus
    return {"forest": Drawing(forest(known), CAPTION)} if len(known) else {}


def forest(versus: pd.DataFrame) -> Figure:
    """Difference of each attention to none with its interval, below a heading a data set and protocol."""
    families = list(versus.groupby(["dataset", "protocol"], sort=False))
    height = len(versus) + len(families)
    figure = Figure(figsize=(6.4, 1.2 + 0.2 * height), layout="constrained")
    axes, names, sure = figure.subplots(), [], comparisons.significant(versus)
    for title, part in families:
        names.append(f"{', '.join(title)}:")
        for index, row in part.sort_values("attention", kind="stable").iterrows():
            value, low, high = (100 * row[c] for c in ("difference", "difference_low", "difference_high"))
            face = "black" if sure[index] else "white"
            axes.plot([low, high], [len(names)] * 2, color="black", lw=1)
            axes.plot([value], [len(names)], marker="s", color="black", mfc=face, ms=5)
            names.append(" / ".join(row[c] for c in ("attention", "backbone", "architecture")))
    axes.axvline(0, color="#8C8C8C", lw=1, ls="--")
    axes.set_yticks(range(len(names)), names, fontsize=7)
    for label in axes.get_yticklabels():
        label.set_fontweight("bold" if label.get_text().endswith(":") else "normal")
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("top-1, attention minus none, points (filled: Holm p < 0.05)")
    return figure

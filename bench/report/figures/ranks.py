"""Average ranks of attentions, a figure a data set (Demsar 2006)."""

from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import studentized_range

from vidattn.bench.report.figures.style import Drawing
from vidattn.bench.results.reader import Results

BLOCK = ["backbone", "architecture", "protocol", "fold", "seed"]
ORDER = 50
BESIDE = "grid"


def draw(results: Results) -> dict[str, Drawing]:
    """One figure a data set on which three or more attentions share enough runs."""
    found = {}
    for dataset, runs in results.runs.groupby("dataset", sort=False):
        ranks, blocks = average_ranks(runs)
        if len(ranks):
            left = [name for name in runs["attention"].unique() if name not in ranks.index]
            caption = _caption(dataset, ranks, blocks, left)
            found[f"critical_difference_{dataset}"] = Drawing(critical_difference(ranks, blocks), caption)
    return found


def average_ranks(runs: pd.DataFrame) -> tuple[pd.Series, int]:
    """Average rank of each attention (1 is best) over the runs they share, and how many runs those are.

    Takes the largest set of three or more attentions with enough shared runs, of equal sets the one with
    most runs. Enough: the test could tell the first rank from the last. Empty where no set has enough.
    """
    wide = runs.pivot_table(index=BLOCK, columns="attention", values="top1")
    known = wide.notna()
    for size in range(len(wide.columns), 2, -1):
        shared = {names: int(known[list(names)].all(axis=1).sum()) for names in combinations(wide, size)}
        names = max(shared, key=shared.__getitem__)
        if shared[names] and nemenyi(size, shared[names]) < size - 1:
            ranks = wide[list(names)].dropna().rank(axis=1, ascending=False).mean()
            return ranks.sort_values(kind="stable"), shared[names]
    return pd.Series(dtype=float), 0


def _caption(dataset: str, ranks: pd.Series, blocks: int, left: list[str]) -> str:
    text = f"Average ranks on {dataset} over the {blocks} runs that {', '.join(ranks.index)} share."
    text += f" Left out, since they share too few of these runs: {', '.join(left)}." if left else ""
    return f"{text} Runs of one data set are not independent: the bars are rather too short."


def nemenyi(attentions: int, blocks: int, level: float = 0.05) -> float:
    """Critical difference of average ranks (Demsar 2006, section 3.2.2)."""
    q = studentized_range.ppf(1 - level, attentions, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(attentions * (attentions + 1) / (6 * blocks)))


def critical_difference(ranks: pd.Series, blocks: int) -> Figure:
    """Average ranks on an axis; bars join what the Nemenyi test cannot tell apart (Demsar 2006, figure 1)."""
    count, reach = len(ranks), nemenyi(len(ranks), blocks)
    joined = cliques(ranks.to_numpy(), reach)
    below, half = 0.35 * len(joined) + 0.5, -(-count // 2)  # half of the names stand on each side
    figure = Figure(figsize=(6.4, 0.9 + 0.28 * (below + half)), layout="constrained")
    axes = figure.subplots()
    for i, (name, rank) in enumerate(ranks.items()):
        best = i < half
        height, end = below + (i if best else count - 1 - i), 1 if best else count
        axes.plot([rank, rank, end], [0, height, height], color="black", lw=0.9)
        label, side, away = (f"{name} {rank:.2f}", "right", -4) if best else (f"{rank:.2f} {name}", "left", 4)
        style = {"ha": side, "va": "center", "fontsize": 9, "textcoords": "offset points"}
        axes.annotate(label, (end, height), (away, 0), **style)
    for i, (first, last) in enumerate(joined):
        span = (ranks.iloc[first] - 0.03, ranks.iloc[last] + 0.03)
        axes.plot(span, [0.35 * (i + 1)] * 2, color="black", lw=4, solid_capstyle="butt")
    axes.plot([1, 1 + reach], [-1.0, -1.0], color="black", lw=1.5, marker="|", ms=8, clip_on=False)
    axes.set_title(f"critical difference {reach:.2f}", loc="left", fontsize=8, pad=14)
    axes.set(xlim=(1, count), ylim=(below + half, -0.02), xticks=range(1, count + 1), yticks=[])
    axes.xaxis.tick_top()
    axes.spines[["bottom", "left", "right"]].set_visible(False)
    axes.spines["top"].set_visible(True)
    axes.set_xlabel(f"average rank over {blocks} runs, 1 is best", fontsize=9)
    return figure


def cliques(ranks: np.ndarray, reach: float) -> list[tuple[int, int]]:
    """Longest stretches of sorted ranks that lie within `reach`: (first, last), two members or more."""
    ends = [int(np.searchsorted(ranks, rank + reach, side="left")) - 1 for rank in ranks]
    return [(i, j) for i, j in enumerate(ends) if j > i and (i == 0 or j > ends[i - 1])]

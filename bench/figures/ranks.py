"""Average ranks of attentions, a figure a data set (Demsar 2006)."""

from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import studentized_range

from vidattn.bench.figures.style import Drawing
from vidattn.bench.results import Results

BLOCK = ["backbone", "architecture", "protocol", "fold", "seed"]


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
    """Average ranks with bars that join what the Nemenyi test cannot tell apart (Demsar 2006, figure 1)."""
    figure = Figure(figsize=(6.4, 1.3 + 0.3 * len(ranks)), layout="constrained")
    axes, reach = figure.subplots(), nemenyi(len(ranks), blocks)
    for y, rank in enumerate(ranks):
        axes.plot([rank], [y], marker="o", color="black", ms=5)
    for i, (first, last) in enumerate(cliques(ranks.to_numpy(), reach)):
        height, span = -0.5 - 0.25 * i, (ranks.iloc[first] - 0.02, ranks.iloc[last] + 0.02)
        axes.plot(span, [height, height], color="black", lw=3)
    axes.set_yticks(range(len(ranks)), [f"{name} ({rank:.2f})" for name, rank in ranks.items()])
    axes.invert_yaxis()
    label = f"average rank over {blocks} runs, 1 is best; a bar joins what lies within {reach:.2f} (Nemenyi)"
    axes.set_xlabel(label)
    return figure


def cliques(ranks: np.ndarray, reach: float) -> list[tuple[int, int]]:
    """Longest stretches of sorted ranks that lie within `reach`: (first, last), two members or more."""
    ends = [int(np.searchsorted(ranks, rank + reach, side="left")) - 1 for rank in ranks]
    return [(i, j) for i, j in enumerate(ends) if j > i and (i == 0 or j > ends[i - 1])]

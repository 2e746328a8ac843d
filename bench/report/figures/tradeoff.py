"""Accuracy against cost, a figure a data set."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, MaxNLocator

from vidattn.bench.analysis import comparisons
from vidattn.bench.report.figures.style import Drawing, look
from vidattn.bench.results.reader import Results

COSTS = {"flops": "FLOPs per clip", "parameters": "parameters"}
HEADS = "; of the head alone where the encoder is frozen"
COLUMNS = 2  # panels in a row
WIDTH = 6.4  # inches; of one panel too, or its labels would be wider than the figure
NEAR = (0.08, 0.07)  # share of a panel's width and height within which two corners get one label
ORDER = 40
BESIDE = "grid"


def draw(results: Results) -> dict[str, Drawing]:
    """One figure a data set and cost; a protocol with fewer than three different costs has no panel."""
    cells, found = comparisons.cells(results), {}
    for cost, name in COSTS.items():
        known = cells[cells["top1"].notna() & (cells[cost].fillna(0) > 0)]  # the leakage probe has no model
        for dataset, part in known.groupby("dataset", sort=False):
            part = part[part.groupby("protocol")[cost].transform("nunique") > 2]
            if len(part):
                caption = (
                    f"{dataset}: top-1 with 95 % interval against {name}, a panel a protocol. The stepped "
                )
                caption += "line joins cells that no cheaper one beats; its corners are named below. "
                caption += "Panels have axes of their own."
                if (part["encoder"] == "frozen").any():
                    caption += f" The cost is that{HEADS.removeprefix(';')}."
                found[f"top1_{cost}_{dataset}"] = Drawing(tradeoff(part, cost), caption)
    return found


def tradeoff(cells: pd.DataFrame, cost: str) -> Figure:
    """Top-1 against a cost, one panel a protocol, with the Pareto front.

    An axis of cost is logarithmic where costs differ by more than five times. Markers tell attentions, or
    architectures where there is one attention.
    """
    panels = list(cells.groupby("protocol", sort=False))
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    told = "attention" if cells["attention"].nunique() > 1 else "architecture"
    kinds = {name: i for i, name in enumerate(cells[told].unique())}
    beside = int(12 * WIDTH // (max(map(len, kinds)) + 6))  # names of 8 points: twelve letters an inch
    lines = max(len(pareto(part, cost)) for _, part in panels)
    height = 0.6 + 0.17 * -(-len(kinds) // beside) + (2.5 + 0.1 * lines) * rows
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for (title, part), axes in zip(panels, grid):
        frozen = (part["encoder"] == "frozen").all()
        axes.set_title(f"{title}{' (head alone)' if frozen else ''}", fontsize=9)
        axes.tick_params(labelbottom=True, labelsize=7)
        for _, row in part.iterrows():
            _point(axes, row, cost, kinds[row[told]])
        _scale(axes, part[cost])
        _front(axes, part, cost)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    handles = [_handle(kind, name) for name, kind in kinds.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=min(len(kinds), beside), fontsize=8)
    heads = (cells["encoder"] == "frozen").any()
    figure.supxlabel(f"{COSTS[cost]}{HEADS if heads else ''}", fontsize=9)
    figure.supylabel("top-1", fontsize=9)
    return figure


def pareto(frame: pd.DataFrame, cost: str) -> pd.DataFrame:
    """Rows that no other row beats: those that cost no more are less accurate."""
    ordered = frame.sort_values([cost, "top1"], ascending=[True, False])
    best = ordered["top1"].cummax().shift(fill_value=-np.inf)
    return ordered[ordered["top1"] > best]


def _wide(costs: pd.Series) -> bool:
    return bool(costs.max() > 5 * costs.min())


def _scale(axes: Axes, costs: pd.Series) -> None:
    """The axis of cost with room at both ends, so that no label leaves the panel."""
    low, high = float(costs.min()), float(costs.max())
    if _wide(costs):
        axes.set(xscale="log", xlim=(low / (high / low) ** 0.2, high * (high / low) ** 0.08))
    else:
        axes.set(xlim=(low - 0.2 * (high - low), high + 0.08 * (high - low)))
        axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(EngFormatter(sep=" "))


def _point(axes: Axes, row: pd.Series, cost: str, kind: int) -> None:
    """A cell with its interval."""
    low, high = row["top1"] - row["top1_low"], row["top1_high"] - row["top1"]
    bar = None if np.isnan(low) else [[max(low, 0)], [max(high, 0)]]
    style = {**look(kind), "ms": 5, "alpha": 0.8}
    axes.errorbar([float(row[cost])], [row["top1"]], yerr=bar, ls="", elinewidth=0.7, **style)


def _handle(kind: int, label: str) -> Line2D:
    """A legend entry with the marker of an attention or architecture."""
    return Line2D([], [], label=label, ls="", **look(kind))


def _front(axes: Axes, part: pd.DataFrame, cost: str) -> None:
    """The stepped front, drawn on to the most expensive cell; numbers at its corners, names below."""
    front = pareto(part, cost)
    costs, values = front[cost].astype(float).tolist(), front["top1"].tolist()
    ends = costs + [float(part[cost].max())], values + values[-1:]
    axes.step(*ends, where="post", color="#8C8C8C", lw=1, zorder=0)
    for members in _near(axes, costs, values):
        label, last = _numbers(members), members[-1]
        # Left above a corner of the front nothing can lie: it would be cheaper and better.
        spot = (costs[members[0]], values[last])
        axes.annotate(label, spot, (-4, 3), textcoords="offset points", fontsize=7, ha="right")
    several = part["backbone"].nunique() > 1
    names = [*(["backbone"] if several else []), "architecture", "attention"]
    lines = [f"{i}  {' / '.join(row[names])}" for i, (_, row) in enumerate(front.iterrows(), 1)]
    axes.set_xlabel("\n".join(lines), fontsize=6.5, loc="left")


def _numbers(members: list[int]) -> str:
    """`1, 2` or `1-5`: corners that follow one another, counted from one."""
    first, last = members[0] + 1, members[-1] + 1
    return f"{first}-{last}" if last - first > 1 else ", ".join(str(i + 1) for i in members)


def _near(axes: Axes, costs: list[float], values: list[float]) -> list[list[int]]:
    """Corners by their place in the front, those that lie together in one list: they get one label."""
    axes.autoscale_view(scalex=False)
    spots = axes.transAxes.inverted().transform(axes.transData.transform(list(zip(costs, values))))
    groups = [[0]]
    for i in range(1, len(spots)):
        gap = spots[i] - spots[groups[-1][-1]]
        if gap[0] < NEAR[0] and gap[1] < NEAR[1]:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups

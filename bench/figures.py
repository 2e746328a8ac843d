"""Figures as SVG and PNG, the same bytes from the same results, readable without colour."""

import io
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter
from scipy.stats import studentized_range

from vidattn.bench import render, summary
from vidattn.bench.results import COORDINATES, Results, coordinates

# Okabe and Ito's colours, each with its own marker and dash, so that no reading depends on colour.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#8C8C8C")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)), (0, (8, 2)), (0, (3, 3)))
STYLE: Any = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}


def write(results: Results, folder: Path) -> dict[str, Path]:
    """Draw every figure that the results can fill; returns name -> path of the SVG (a PNG lies by it)."""
    figures, paths = draw(results), {}
    for name, figure in figures.items():
        paths[name] = render.save(Path(folder) / f"{name}.svg", encode(figure, "svg", name))
        render.save(Path(folder) / f"{name}.png", encode(figure, "png", name))
    return paths


def draw(results: Results) -> dict[str, Figure]:
    """Name -> figure."""
    figures = {}
    with matplotlib.rc_context(STYLE):
        cells = summary.cells(results)
        done = cells[cells["top1"].notna()] if len(cells) else cells
        for cost in ("flops", "parameters"):
            costly = done[done[cost].fillna(0) > 0] if len(done) else done  # the leakage probe has no model
            if len(costly):
                figures[f"top1_{cost}"] = tradeoff(costly, cost)
        versus = summary.versus(results, summary.against_none(results))
        if len(versus) and versus["difference_low"].notna().any():
            figures["forest"] = forest(versus[versus["difference_low"].notna()])
        for name, frame in curves(results).items():
            figures[f"learning_curves_{name}"] = learning_curves(frame)
        if len(results.saturation):
            figures["saturation"] = saturation(results.saturation)
        ranks, blocks = average_ranks(results.runs)
        if len(ranks) > 2 and blocks > 1:
            figures["critical_difference"] = critical_difference(ranks, blocks)
    return figures


def encode(figure: Figure, kind: str, salt: str) -> bytes:
    """The bytes of a figure: no date, ids salted by its name."""
    buffer = io.BytesIO()
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": salt, "svg.fonttype": "path"}):
        figure.savefig(buffer, format=kind, metadata=metadata, dpi=120)
    return buffer.getvalue()


def tradeoff(cells: pd.DataFrame, cost: str) -> Figure:
    """Top-1 against a cost, one panel a data set and protocol, with the Pareto front.

    The axis is logarithmic where costs differ by more than ten times.
    """
    families = list(cells.groupby(["dataset", "protocol"], sort=False))
    figure = Figure(figsize=(6.4, 3.4 * len(families) + 0.4), layout="constrained")
    kinds = {name: i % len(MARKERS) for i, name in enumerate(cells["attention"].unique())}
    for (title, part), axes in zip(families, figure.subplots(len(families), squeeze=False)[:, 0]):
        wide = part[cost].max() > 10 * part[cost].min()
        axes.set(xscale="log" if wide else "linear", title=", ".join(title))
        _front(axes, part, cost)
        for _, row in part.iterrows():
            _point(axes, row, cost, kinds[row["attention"]])
        axes.set(ylabel="top-1", xlabel=_COSTS[cost])
        axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    handles = [_handle(kind, name) for name, kind in kinds.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=6, fontsize=8, title="attention")
    return figure


def _point(axes: Axes, row: pd.Series, cost: str, kind: int) -> None:
    """A cell with its interval."""
    low, high = row["top1"] - row["top1_low"], row["top1_high"] - row["top1"]
    bar = None if np.isnan(low) else [[max(low, 0)], [max(high, 0)]]
    style: dict[str, Any] = {
        "color": COLOURS[kind],
        "marker": MARKERS[kind],
        "ms": 6,
        "elinewidth": 0.7,
        "alpha": 0.8,
    }
    axes.errorbar([float(row[cost])], [row["top1"]], yerr=bar, ls="", **style)


_COSTS = {"flops": "FLOPs per clip", "parameters": "parameters"}


def _handle(kind: int, label: str) -> Line2D:
    """A legend entry with the attention's marker."""
    style: dict[str, Any] = {"color": COLOURS[kind], "marker": MARKERS[kind], "ls": ""}
    return Line2D([], [], label=label, **style)


def pareto(frame: pd.DataFrame, cost: str) -> pd.DataFrame:
    """Rows that no other row beats: those that cost no more are less accurate."""
    ordered = frame.sort_values([cost, "top1"], ascending=[True, False])
    best = ordered["top1"].cummax().shift(fill_value=-np.inf)
    return ordered[ordered["top1"] > best]


def _front(axes: Axes, part: pd.DataFrame, cost: str) -> None:
    """The stepped front, drawn on to the most expensive cell, its corners named."""
    front = pareto(part, cost)
    costs, values = front[cost].astype(float).tolist(), front["top1"].tolist()
    ends = costs + [float(part[cost].max())], values + values[-1:]
    axes.step(*ends, where="post", color="#8C8C8C", lw=1, zorder=0)
    middle = np.sqrt(part[cost].min() * part[cost].max())
    for i, (_, row) in enumerate(front.iterrows()):
        name = row["architecture"]
        if part["backbone"].nunique() > 1:
            name = f"{row['backbone']} / {name}"
        left = row[cost] > middle  # so that no name leaves the figure
        spot, offset = (float(row[cost]), row["top1"]), (-6 if left else 6, 5 + 9 * (i % 2))
        side = "right" if left else "left"
        axes.annotate(name, spot, offset, textcoords="offset points", fontsize=7, ha=side)


def forest(versus: pd.DataFrame) -> Figure:
    """Difference of each attention to none with its interval; filled where Holm's p is below 0.05."""
    figure = Figure(figsize=(6.4, 1.2 + 0.28 * len(versus)), layout="constrained")
    axes, names = figure.subplots(), []
    for y, (_, row) in enumerate(versus.iterrows()):
        value, low, high = (100 * row[c] for c in ("difference", "difference_low", "difference_high"))
        face = "black" if row["p_holm"] < 0.05 else "white"
        axes.plot([low, high], [y, y], color="black", lw=1)
        axes.plot([value], [y], marker="s", color="black", mfc=face, ms=5)
        names.append(
            " / ".join(row[c] for c in ("dataset", "backbone", "architecture", "protocol", "attention"))
        )
    axes.axvline(0, color="#8C8C8C", lw=1, ls="--")
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("top-1, attention minus none, points\n(filled: Holm p < 0.05)")
    return figure


def curves(results: Results) -> dict[str, pd.DataFrame]:
    """`<dataset>_<protocol>` -> mean validation top-1 by epoch: coordinates, epoch, value."""
    rows = []
    for cell in results.ids:
        for record in results.records[cell]:
            history = record.get("history", {}).get("val_top1") or []
            rows += [[*coordinates(cell).values(), i, value] for i, value in enumerate(history, 1)]
    frame = pd.DataFrame(rows, columns=[*COORDINATES, "epoch", "value"])
    means = frame.groupby([*COORDINATES, "epoch"], sort=False, as_index=False)["value"].mean()
    return {"_".join(key): part for key, part in means.groupby(["dataset", "protocol"], sort=False)}


def learning_curves(frame: pd.DataFrame) -> Figure:
    """Validation top-1 by epoch, a panel a backbone and architecture, a line an attention (figure 6.1)."""
    panels = list(frame.groupby(["backbone", "architecture"], sort=False))
    rows = -(-len(panels) // 2)
    figure = Figure(figsize=(6.4, 2.3 * rows + 0.3), layout="constrained")
    kinds = {name: i % len(DASHES) for i, name in enumerate(frame["attention"].unique())}
    grid = figure.subplots(rows, 2, squeeze=False, sharex=True, sharey=True).ravel()
    for (title, part), axes in zip(panels, grid):
        for attention, line in part.groupby("attention", sort=False):
            kind, every = kinds[attention], max(1, len(line) // 5)
            style = {"color": COLOURS[kind], "ls": DASHES[kind], "marker": MARKERS[kind], "markevery": every}
            axes.plot(line["epoch"], line["value"], lw=1.2, ms=4, label=attention, **style)
        axes.set_title(" / ".join(title), fontsize=8)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    styles = {handle.get_label(): handle for axes in grid for handle in axes.get_lines()}
    figure.legend(handles=list(styles.values()), loc="outside upper center", ncols=5, fontsize=8)
    figure.supxlabel("epoch", fontsize=9)
    figure.supylabel("validation top-1", fontsize=9)
    return figure


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


def average_ranks(runs: pd.DataFrame) -> tuple[pd.Series, int]:
    """Average rank of each attention (1 is best) over the runs that all share, and how many those are."""
    block = ["dataset", "backbone", "architecture", "protocol", "fold", "seed"]
    wide = runs.pivot_table(index=block, columns="attention", values="top1").dropna()
    return wide.rank(axis=1, ascending=False).mean().sort_values(kind="stable"), len(wide)


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

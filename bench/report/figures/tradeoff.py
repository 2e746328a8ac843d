"""Accuracy against cost, a figure a data set."""

import altair as alt
import numpy as np
import pandas as pd

from vidattn.bench.analysis import comparisons
from vidattn.bench.report.figures.style import (
    GREY,
    SHIFT,
    WIDTH,
    Drawing,
    Layers,
    chosen,
    columns,
    data,
    interval,
    marks,
    numbered,
)
from vidattn.bench.results.reader import Results

COSTS = {"flops": "FLOPs per clip", "parameters": "parameters"}
ALONE = " (head alone)"
CAPTION = (
    "The stepped line joins cells that no cheaper one beats. Panels have axes of their own; with the shift "
    "key a drag moves them and the wheel zooms."
)
COLUMNS, PANEL = 2, 260  # panels in a row; pixels
NEAR = (0.09, 0.07)  # share of a panel's width and height within which two corners get one label
ROOM = (0.12, 0.05)  # share of the costs' range left free before and after, so that no label leaves the panel
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
                caption = f"{dataset}: top-1 with 95 % interval against {name}, a panel a protocol. {CAPTION}"
                if (part["encoder"] == "frozen").any():
                    caption += " The cost is that of the head alone where the encoder is frozen."
                caption += f" {_corners(part, cost)}"
                found[f"top1_{cost}_{dataset}"] = Drawing(tradeoff(part, cost, cells), caption)
    return found


def tradeoff(cells: pd.DataFrame, cost: str, every: pd.DataFrame | None = None) -> alt.ConcatChart | Layers:
    """Top-1 against a cost, one panel a protocol, with the Pareto front.

    Marks tell attentions, or architectures where there is one attention. `every` cell, of all figures, gives
    a name its mark.
    """
    told = "attention" if cells["attention"].nunique() > 1 else "architecture"
    looks = numbered(cells[told], (cells if every is None else every)[told])
    parts = [part for _, part in cells.groupby("protocol", sort=False)]
    panels = [_panel(part, cost, told, looks, place) for place, part in enumerate(parts)]
    if len(panels) == 1:
        return panels[0].properties(width=WIDTH - 60)
    return alt.concat(*panels, columns=COLUMNS)


def pareto(frame: pd.DataFrame, cost: str) -> pd.DataFrame:
    """Rows that no other row beats: those that cost no more are less accurate."""
    ordered = frame.sort_values([cost, "top1"], ascending=[True, False])
    best = ordered["top1"].cummax().shift(fill_value=-np.inf)
    return ordered[ordered["top1"] > best]


def _corners(cells: pd.DataFrame, cost: str) -> str:
    """What the numbers at a front's corners stand for: `Corners, clean: 1 tiny / lstm / none, ...`."""
    said = []
    for protocol, part in cells.groupby("protocol", sort=False):
        names = [*(["backbone"] if part["backbone"].nunique() > 1 else []), "architecture", "attention"]
        front = pareto(part, cost)[names].itertuples(index=False)
        said.append(f"{protocol}: " + ", ".join(f"{i} {' / '.join(row)}" for i, row in enumerate(front, 1)))
    return f"Corners, {'; '.join(said)}."


def _panel(part: pd.DataFrame, cost: str, told: str, looks: dict[str, int], place: int) -> Layers:
    """The cells of a protocol; a drag with the shift key moves, a turn of the wheel with it zooms."""
    costs, tops = part[cost].astype(float), part[["top1", "top1_low", "top1_high"]]
    kind, across = scale(costs)
    alone = ALONE if (part["encoder"] == "frozen").all() else ""
    down = [float(tops.min(axis=None)) - 0.02, float(tops.max(axis=None)) + 0.03]
    shown = part[["backbone", "attention", "architecture", *tops, "n"]].assign(
        cost=costs, runs=part["folds"] * part["seeds"], interval=interval(part, "top1")
    )
    front = pareto(part, cost)
    steps = front[["top1"]].assign(cost=front[cost].astype(float)).to_dict("records")
    steps.append({"top1": steps[-1]["top1"], "cost": costs.max()})  # on to the most expensive cell
    picked, opacity = chosen(told)
    moved = alt.selection_interval(name=f"moved_{place}", bind="scales", translate=SHIFT[0], zoom=SHIFT[1])
    axis = {"format": "~s", "tickCount": 4, "labelOverlap": True}
    x = alt.X(
        "cost:Q",
        title=f"{COSTS[cost]}{alone}",
        axis=axis,
        scale={"type": kind, "domain": across, "nice": False},
    )
    y = alt.Y("top1:Q", title="top-1", scale={"domain": down, "nice": False}, axis={"tickCount": 6})
    tips = [
        alt.Tooltip("architecture:N"),
        alt.Tooltip("attention:N"),
        alt.Tooltip("backbone:N"),
        alt.Tooltip("top1:Q", title="top-1", format=".3f"),
        alt.Tooltip("interval:N"),
        alt.Tooltip("cost:Q", title=COSTS[cost], format=".3s"),
        alt.Tooltip("n:Q", format=","),
        alt.Tooltip("runs:Q"),
    ]
    kinds = marks(told, looks, columns(looks))
    cells = alt.Chart(data(shown)).encode(x=x, opacity=opacity)
    line = alt.Chart(data(steps)).mark_line(interpolate="step-after", color=GREY, strokeWidth=1.2, clip=True)
    numbers = alt.Chart(data(labels(front, cost, kind, across, down))).mark_text(
        align="right", dx=-5, dy=-6, clip=True
    )
    points = cells.mark_point(size=45, strokeWidth=1.3, clip=True).encode(y=y, tooltip=tips, **kinds)
    return alt.layer(
        line.encode(x=x, y=y),
        cells.mark_rule(strokeWidth=0.8, clip=True)
        .encode(y=alt.Y("top1_low:Q"), y2=alt.Y2("top1_high"), stroke=kinds["stroke"])
        .add_params(moved, *([] if place else [picked])),  # a click on the legend is for all panels
        points,
        numbers.encode(x=x, y=y, text=alt.Text("label:N")),
        title=f"{part['protocol'].iloc[0]}{alone}",
        width=PANEL,
        height=PANEL,
    )


def scale(costs: pd.Series) -> tuple[str, list[float]]:
    """Kind and ends of an axis of cost: logarithmic where costs differ by more than five times."""
    low, high = float(costs.min()), float(costs.max())
    if high > 5 * low:
        return "log", [low / (high / low) ** ROOM[0], high * (high / low) ** ROOM[1]]
    return "linear", [low - ROOM[0] * (high - low), high + ROOM[1] * (high - low)]


def labels(front: pd.DataFrame, cost: str, kind: str, across: list[float], down: list[float]) -> list[dict]:
    """Numbers of the front's corners and where they stand; corners that lie together get one label.

    Left above a corner nothing can lie: it would be cheaper and better.
    """
    found: list[dict] = []
    for number, (x, y) in enumerate(zip(front[cost].astype(float), front["top1"]), 1):
        last = found[-1] if found else None
        if (
            last
            and _share(kind, across, last["end"], x) < NEAR[0]
            and (y - last["top1"]) / np.ptp(down) < NEAR[1]
        ):
            last.update(end=x, top1=y, last=number)
        else:
            found.append({"cost": x, "end": x, "top1": y, "first": number, "last": number})
    return [
        {"cost": at["cost"], "top1": at["top1"], "label": _numbers(at["first"], at["last"])} for at in found
    ]


def _share(kind: str, ends: list[float], first: float, last: float) -> float:
    """How far two costs lie apart on the axis, as a share of its length."""
    if kind == "log":
        return np.log(last / first) / np.log(ends[1] / ends[0])
    return (last - first) / (ends[1] - ends[0])


def _numbers(first: int, last: int) -> str:
    """`1, 2` or `1-5`: corners that follow one another."""
    return f"{first}-{last}" if last - first > 1 else ", ".join(map(str, range(first, last + 1)))

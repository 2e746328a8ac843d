"""The leaderboard's plot in Vega-Lite: the page fills it with the models that its filters leave."""

from typing import Any

import altair as alt
import pandas as pd

from vidattn.bench.report.figures.style import CONFIG, SHIFT, WIDTH, chosen, columns, marks, numbered

NAME = "models"  # of the rows, which the page sets
DESCRIPTION = "Top-1 against a cost of the models of the table below, with 95 % intervals."


def spec(told: pd.Series, every: pd.Series) -> dict[str, Any]:
    """Top-1 in percent against `cost`; a name has the mark that it has among `every` name of its kind."""
    field, looks = str(told.name), numbered(told, every)
    picked, opacity = chosen(field)
    moved = alt.selection_interval(name="moved", bind="scales", translate=SHIFT[0], zoom=SHIFT[1])
    kinds = marks(field, looks, columns(looks))
    cost = alt.X(
        "cost:Q", scale=alt.Scale(zero=False, nice=False, padding=14), axis=alt.Axis(format="~s", tickCount=5)
    )
    tips = [
        alt.Tooltip("model:N"),
        alt.Tooltip("where:N", title="data set, protocol"),
        alt.Tooltip("top1:N", title="top-1, %"),
        alt.Tooltip("difference:N", title="difference, points"),
        alt.Tooltip("shown:N", title="cost"),
        alt.Tooltip("runs:N"),
    ]
    base = alt.Chart(alt.NamedData(NAME)).encode(x=cost, opacity=opacity)
    y = alt.Y("value:Q", title="top-1, %", scale=alt.Scale(zero=False))
    points = base.mark_point(size=60, strokeWidth=1.5, cursor="pointer", clip=True).encode(
        y=y, tooltip=tips, **kinds
    )
    chart = alt.layer(
        base.mark_rule(clip=True)
        .encode(y=alt.Y("low:Q"), y2=alt.Y2("high"), stroke=kinds["stroke"])
        .add_params(picked),
        points.add_params(moved),
    ).properties(width=WIDTH, height=300)
    return {**chart.to_dict(validate=False), "config": CONFIG, "description": DESCRIPTION}

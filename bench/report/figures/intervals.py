"""Differences with their intervals, a row each, below headings: a forest plot."""

import altair as alt
import pandas as pd

from vidattn.bench.analysis import numbers_in_words
from vidattn.bench.report.figures.style import GREY, LETTER, Layers, data

ROW = 18  # pixels
NUMBERS = 120  # pixels of `+10.1 [+7.8, +12.4]`


def rows(frame: pd.DataFrame, name: pd.Series, sure: pd.Series) -> list[dict]:
    """What a forest plot shows of a table of differences, in points.

    Args:
        frame: Rows with `dataset`, `protocol`, `difference` and its ends, `p_holm`, `arms`; those of one
            data set and protocol follow one another.
        name: What each row is called.
        sure: Whether it is significant.
    """
    shown = []
    for index, row in frame.iterrows():
        value, low, high = (100 * row[c] for c in ("difference", "difference_low", "difference_high"))
        ends = {"value": value, "low": low, "high": high, "shown": f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"}
        where = {
            "name": name[index],
            "where": f"{row['dataset']}, {row['protocol']}",
            "sure": bool(sure[index]),
        }
        shown.append(
            {
                **where,
                **ends,
                "p": float(row["p_holm"]),
                "n": numbers_in_words.arms(row["arms"], "n"),
                "runs": numbers_in_words.arms(row["arms"], "runs"),
            }
        )
    return shown


def forest(shown: list[dict], title: str, width: int) -> Layers:
    """A row a difference with its numbers at the right, below a heading a data set and protocol.

    Names and numbers stand outside of the axes, so that a heading has the whole width.
    """
    headings: list[dict] = []
    for place, row in enumerate(shown):
        if not headings or headings[-1]["where"] != row["where"]:
            headings.append({"where": row["where"], "place": place + len(headings)})
        row["place"] = place + len(headings)
    room = int(LETTER * max(len(row["name"]) for row in shown)) + 8
    y = alt.Y("place:O", axis=None)
    of_heading, of_row = alt.Chart(data(headings)).encode(y=y), alt.Chart(data(shown)).encode(y=y)
    told = [
        alt.Tooltip("name:N"),
        alt.Tooltip("where:N", title="data set, protocol"),
        alt.Tooltip("shown:N", title="difference, points"),
        alt.Tooltip("p:Q", title="p (Holm)", format=".2g"),
        alt.Tooltip("n:N", title="predictions (of both arms)"),
        alt.Tooltip("runs:N", title="runs (of both arms)"),
    ]
    x = alt.X("value:Q", title=title, axis=alt.Axis(tickCount=5))
    right = alt.value(alt.expr(f"width + {NUMBERS}"))
    fill = alt.when("datum.sure").then(alt.value("black")).otherwise(alt.value("white"))
    return alt.layer(
        of_heading.mark_rect(color="#EEEEEE").encode(x=alt.value(-room), x2=right),
        alt.Chart(data([{"zero": 0}])).mark_rule(color=GREY, strokeDash=[4, 3]).encode(x=alt.X("zero:Q")),
        of_heading.mark_text(align="left", fontWeight="bold").encode(
            x=alt.value(4 - room), text=alt.Text("where:N")
        ),
        of_row.mark_rule(strokeWidth=1.5).encode(x=alt.X("low:Q"), x2=alt.X2("high")),
        of_row.mark_point(stroke="black", opacity=1, size=32).encode(x=x, fill=fill, tooltip=told),
        of_row.mark_text(align="right").encode(x=alt.value(-7), text=alt.Text("name:N")),
        of_row.mark_text(align="left").encode(x=alt.value(alt.expr("width + 8")), text=alt.Text("shown:N")),
    ).properties(width=width - room - NUMBERS, height=alt.Step(ROW), usermeta={"least": room + NUMBERS + 90})

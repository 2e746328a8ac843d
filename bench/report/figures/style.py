"""How figures look: readable without colour, the same everywhere."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

# Okabe and Ito's colours, each with its own shape and dash, so that no reading depends on colour.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#8C8C8C")
SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "triangle-down",
    "cross",
    "triangle-right",
    "triangle-left",
)
DASHES = ([1, 0], [6, 3], [6, 2, 1, 2], [1, 2], [7, 2, 1, 2, 1, 2], [2, 3], [10, 3], [4, 4])
GREY = "#767676"
LETTER = 6.4  # pixels of a letter of 11 pixels, on average, in the widest of the fonts
WIDTH = 640  # pixels of a figure; the page fits those of one panel to the room that there is
# With the shift key a drag moves and the wheel zooms: without it the page has to scroll, by finger too.
SHIFT = ("[mousedown[event.shiftKey], window:mouseup] > window:mousemove!", "wheel![event.shiftKey]")
# vl-convert brings the first font, so that text is as wide on every machine; the others are as wide.
CONFIG: dict[str, Any] = {
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",
    "view": {"stroke": None},
    "padding": {"left": 12, "right": 12, "top": 5, "bottom": 5},  # another font may be wider
    "text": {"fontSize": 11},
    "title": {"fontSize": 12, "anchor": "start", "frame": "group"},
    "header": {"labelFontSize": 12, "labelFontWeight": "bold", "labelAnchor": "start", "title": None},
    "axis": {
        "grid": False,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelLimit": 0,
        "labelFlush": False,
        "domainColor": "#444444",
        "tickColor": "#444444",
    },
    "legend": {
        "orient": "top",
        "title": None,
        "labelFontSize": 11,
        "labelLimit": 0,
        "symbolLimit": 0,
        "symbolSize": 70,
        "columnPadding": 16,
        "symbolStrokeWidth": 1.5,
    },
}


Layers = alt.LayerChart | alt.FacetChart  # what `alt.layer` says that it gives


class Drawing(NamedTuple):
    """A figure with the caption that the report prints below it."""

    chart: alt.TopLevelMixin
    caption: str


class Rows(alt.InlineData):
    """Rows that layers and panels share; a chart's parts are copied often, and these would be with them."""

    _class_is_valid_at_instantiation = False

    def __deepcopy__(self, memo: object) -> "Rows":
        return self


def data(rows: pd.DataFrame | Sequence[Mapping[str, Any]]) -> Rows:
    """Rows for a chart, numbers to five digits: more cannot be seen, and would make the page larger."""
    each = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else rows
    return Rows(values=tuple({str(name): _short(value) for name, value in row.items()} for row in each))


def interval(frame: pd.DataFrame, name: str) -> pd.Series:
    """`[0.41, 0.49]`, as a tooltip tells it; empty where there is none."""
    ends = zip(frame[f"{name}_low"], frame[f"{name}_high"])
    return pd.Series(["" if pd.isna(low) else f"[{low:.3f}, {high:.3f}]" for low, high in ends], frame.index)


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return None if pd.isna(value) else float(f"{value:.5g}")
    return value


def look(kind: int) -> dict[str, str]:
    """Colour, fill and shape of the kind of that number; from the ninth on hollow, in other colours."""
    turn, place = divmod(kind, len(SHAPES))
    colour = COLOURS[(place + 3 * turn) % len(COLOURS)]
    return {"stroke": colour, "fill": "white" if turn % 2 else colour, "shape": SHAPES[place]}


def marks(field: str, places: Mapping[str, int], legend: dict[str, int] | None) -> dict[str, Any]:
    """Stroke, fill and shape by a field, in one legend; `places`: name -> number of its look."""
    looks = [look(place) for place in places.values()]
    return {
        channel: kind(
            f"{field}:N",
            scale={"domain": list(places), "range": [each[channel] for each in looks]},
            legend=legend if len(places) > 1 else None,  # one has nothing to be told from
        )
        for channel, kind in (("stroke", alt.Stroke), ("fill", alt.Fill), ("shape", alt.Shape))
    }


def dashes(field: str, places: Mapping[str, int]) -> alt.StrokeDash:
    """Dashes by a field; over one name more, or Vega-Lite joins them to the legend and dashes its symbols."""
    found = [DASHES[place % len(DASHES)] for place in (*places.values(), 0)]
    return alt.StrokeDash(f"{field}:N", scale={"domain": [*places, ""], "range": found}, legend=None)


def numbered(names: Iterable[str], every: Iterable[str] = ()) -> dict[str, int]:
    """Each name once, with its place among `every` name of its kind: it looks the same in all figures."""
    shown = dict.fromkeys(names)
    places = {name: place for place, name in enumerate(dict.fromkeys([*every, *shown]))}
    return {name: places[name] for name in shown}


def columns(names: Iterable[str]) -> dict[str, int]:
    """A legend of as many columns as its longest name leaves room for."""
    longest = max(map(len, names), default=0)
    return {"columns": max(1, int(WIDTH // (LETTER * longest + 40)))}


def chosen(field: str, name: str = "chosen") -> tuple[alt.Parameter, alt.OpacityValue]:
    """A click on the legend leaves what is of that name and pales the others: the parameter, an opacity.

    The parameter belongs to the first layer that has the legend: Vega-Lite keeps what binds that one.
    """
    picked = alt.selection_point(name=name, fields=[field], bind="legend")
    return picked, alt.OpacityValue(0.12, condition={"param": name, "value": 1})

"""Gates of the LSTM head through the first updates."""

import re

import altair as alt
import pandas as pd

from vidattn.bench.report.figures.style import Drawing, Layers, chosen, dashes, data, marks
from vidattn.bench.results.reader import Results

CAPTION = (
    "Gates of the ICIP head without gradient, and training loss, update by update; one change at a time."
)
VALUES = {"beyond_2_5": "share of gates beyond +-2.5", "loss": "training loss"}
PANEL = 260  # pixels
LOG = {"labelExpr": "test(/^[125]/, format(datum.value, '.0e')) ? format(datum.value, '~g') : ''"}
ORDER = 70
BESIDE = "saturation"


def draw(results: Results) -> dict[str, Drawing]:
    """One figure, where gates were followed."""
    frame = results.saturation
    return {"saturation": Drawing(saturation(frame), CAPTION)} if len(frame) else {}


def saturation(frame: pd.DataFrame) -> alt.ConcatChart:
    """Gates without gradient and training loss by update, a column a kind of features, a line a case.

    The same change has the same style in every column.
    """
    kinds = list(frame.groupby("features", sort=False))
    styles: dict[tuple[str, int], int] = {}
    panels: dict[str, list[Layers]] = {value: [] for value in VALUES}
    losses = frame["loss"].min(), frame["loss"].max()
    for column, (features, part) in enumerate(kinds):
        cases = list(part.groupby(["change", "width"], sort=False))
        labels = [f"{change} ({width:,})" for (change, width), _ in cases]
        looks = [styles.setdefault(kind, len(styles)) for kind in _kinds([case[0] for case, _ in cases])]
        lines = pd.concat([line.assign(case=label) for label, (_, line) in zip(labels, cases)])
        gates, loss = _panels(lines, dict(zip(labels, looks)), column, losses)
        panels["beyond_2_5"].append(gates.properties(title=str(features)))
        panels["loss"].append(loss)
    return alt.concat(*panels["beyond_2_5"], *panels["loss"], columns=len(kinds)).resolve_scale(
        stroke="independent", fill="independent", shape="independent", strokeDash="independent"
    )


def _panels(
    lines: pd.DataFrame, looks: dict[str, int], column: int, losses: tuple[float, float]
) -> list[Layers]:
    """Both values of the cases of one kind of features; the upper panel has the legend of the two."""
    shown, panels = data(lines[["case", "step", *VALUES]]), []
    picked, opacity = chosen("case", f"chosen_{column}")
    told = [
        alt.Tooltip("case:N"),
        alt.Tooltip("step:Q", title="updates"),
        *(alt.Tooltip(f"{name}:Q", title=title, format=".3g") for name, title in VALUES.items()),
    ]
    for value, title in VALUES.items():
        upper = value == "beyond_2_5"
        y = (
            alt.Y(f"{value}:Q", title=title, scale={"domain": [0, 1]})
            if upper
            else alt.Y(f"{value}:Q", title=title, scale={"type": "log", "domain": losses}, axis=LOG)
        )
        base = alt.Chart(shown).encode(x=alt.X("step:Q", title="updates"), y=y, opacity=opacity)
        kinds = marks("case", looks, {"columns": 1} if upper else None)
        line = base.mark_line(strokeWidth=1.3).encode(
            stroke=kinds["stroke"], strokeDash=dashes("case", looks)
        )
        points = base.mark_point(size=30, strokeWidth=1).encode(tooltip=told, **kinds)
        line = line.add_params(picked) if upper else line
        panels.append(alt.layer(line, points).properties(width=PANEL, height=0.7 * PANEL))
    return panels


def _kinds(changes: list[str]) -> list[tuple[str, int]]:
    """What was changed, without by how much or on what; a number tells apart those of one kind."""
    names = [re.sub(r"[\s\d./eT-]+$", "", change.partition(",")[0]) for change in changes]
    return [(name, names[:i].count(name)) for i, name in enumerate(names)]

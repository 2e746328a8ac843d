"""Validation accuracy by epoch, a figure a data set and protocol."""

from itertools import combinations

import altair as alt
import pandas as pd

from vidattn.bench.report.figures.style import (
    Drawing,
    chosen,
    columns,
    dashes,
    data,
    marks,
    numbered,
)
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

PANEL = 250  # pixels
CROWD = 8  # lines of one panel; there are as many dashes
DIGIT, LINE = 7, 12  # pixels of the numbers at the ends of lines
ORDER = 60
BESIDE = "training"


def draw(results: Results) -> dict[str, Drawing]:
    """One figure a data set and protocol that has validation."""
    found, every = {}, pd.DataFrame(map(coordinates, results.ids))
    for name, frame in curves(results).items():
        where = ", ".join(frame[["dataset", "protocol"]].iloc[0])
        caption = (
            f"Learning curves, {where}: validation top-1 by epoch, mean over up to {frame['runs'].max()} "
        )
        caption += "runs of a model. Pale: patience ended some of them; the number is of those left."
        if crowded(frame):
            caption += " Thin and dotted: the same architecture without attention."
        found[f"learning_curves_{name}"] = Drawing(learning_curves(frame, every), caption)
    return found


def curves(results: Results) -> dict[str, pd.DataFrame]:
    """`<dataset>_<protocol>` -> mean validation top-1 by epoch: coordinates, epoch, value, runs."""
    rows = []
    for cell in results.ids:
        for record in results.records[cell]:
            history = record.get("history", {}).get("val_top1") or []
            rows += [[*coordinates(cell).values(), i, value] for i, value in enumerate(history, 1)]
    frame = pd.DataFrame(rows, columns=[*COORDINATES, "epoch", "value"])
    epochs = frame.groupby([*COORDINATES, "epoch"], sort=False)["value"]
    means = epochs.agg(value="mean", runs="size").reset_index()
    return {"_".join(key): part for key, part in means.groupby(["dataset", "protocol"], sort=False)}


def crowded(frame: pd.DataFrame) -> bool:
    """Whether a panel with all attentions of a model would have more lines than can be told apart."""
    return bool(frame.groupby(["backbone", "architecture"])["attention"].nunique().max() > CROWD)


def by_architecture(frame: pd.DataFrame) -> bool:
    """Whether models have one attention each, and a backbone has several of them, no more than `CROWD`."""
    attentions = frame.groupby(["backbone", "architecture"])["attention"].nunique()
    models = frame.groupby(["backbone", "attention"])["architecture"].nunique()
    return bool(attentions.max() == 1 and 1 < models.max() <= CROWD)


def learning_curves(frame: pd.DataFrame, every: pd.DataFrame | None = None) -> alt.FacetChart:
    """Validation top-1 by epoch, a panel a backbone and architecture, a line an attention (figure 6.1).

    Where attentions are many, or models have one each, a panel is of one attention and its lines are of
    architectures, each beside the same without attention. `every` cell, of all figures, gives a name its
    mark. Where models have one attention each, marks are of the figure: of all figures', two may look alike.
    """
    of, told = "architecture", "attention"
    alone = by_architecture(frame)
    if alone or crowded(frame):
        of, told = told, of
    places = numbered(frame[told], (frame if alone or every is None else every)[told])
    points = _points(frame, of, told)
    panels = list(dict.fromkeys(point["panel"] for point in points))
    picked, opacity = chosen("name")
    kinds = marks("name", places, columns(places))
    every = alt.Chart().encode(
        x=alt.X("epoch:Q", axis={"format": "d", "tickMinStep": 1, "tickCount": 5}, scale={"zero": False}),
        y=alt.Y("value:Q", title="validation top-1", scale={"zero": False}),
        opacity=opacity,
    )
    told_of_point = [
        alt.Tooltip("name:N", title=told),
        alt.Tooltip("panel:N"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("value:Q", title="validation top-1", format=".3f"),
        alt.Tooltip("runs:Q"),
    ]
    dash = dashes("name", places)
    line = every.encode(stroke=kinds["stroke"], detail=alt.Detail("name:N"))
    panel = alt.layer(
        line.mark_line(strokeWidth=0.9, strokeDash=[1, 2])
        .transform_filter("datum.part == 'control'")
        .add_params(picked),
        line.mark_line(strokeWidth=1.3).transform_filter("datum.part == 'whole'").encode(strokeDash=dash),
        line.mark_line(strokeWidth=0.7).transform_filter("datum.part == 'tail'").encode(strokeDash=dash),
        every.mark_text(align="left", dx=4, fontSize=10)
        .transform_filter("datum.left")
        .encode(text=alt.Text("left:N")),
        every.mark_point(size=25, strokeWidth=1).transform_filter("datum.marked").encode(**kinds),
        every.mark_point(size=80, aria=False).encode(opacity=alt.value(0), tooltip=told_of_point),
    )
    return (
        panel.properties(width=PANEL, height=0.6 * PANEL)
        .facet(alt.Facet("panel:N", sort=panels), data=data(points), columns=min(2, len(panels)))
        .resolve_axis(x="independent", y="independent")  # below a panel there may be none
    )


def _points(frame: pd.DataFrame, of: str, told: str) -> list[dict]:
    """The points of every line: whole up to where its first run ends, then its tail; and its control's."""
    lines = dict(list(frame.groupby(["backbone", of, told], sort=False)))
    points: list[dict] = []
    for (backbone, kind, name), line in lines.items():
        runs, epochs = line["runs"].to_numpy(), line["epoch"].to_numpy()
        most, turn, every = runs.max(), epochs[runs == runs.max()].max(), max(1, len(line) // 5)
        parts = {
            "whole": line[runs == most],
            "tail": line[epochs >= turn] if epochs.max() > turn else line[:0],
        }
        if of == "attention" and kind != "none":
            parts["control"] = lines.get((backbone, "none", name), line[:0])
        for part, rows in parts.items():
            columns = zip(rows["epoch"].tolist(), rows["value"].tolist(), rows["runs"].tolist())
            for place, (epoch, value, count) in enumerate(columns, 1):
                point = {"panel": f"{backbone} / {kind}", "name": name, "part": part}
                point |= {"epoch": epoch, "value": value, "runs": count}
                if part == "whole" and place % every == 1 % every:
                    point["marked"] = True
                if part == "tail" and place == len(rows):
                    point["left"] = count  # of the mean
                points.append(point)
    _join(points)
    return points


def _join(points: list[dict]) -> None:
    """Numbers at ends that would overlap stand once, at the last of these ends: `1, 6`."""
    width = max(point["epoch"] for point in points) / PANEL  # of a pixel
    values = [point["value"] for point in points]
    height = (max(values) - min(values)) / (0.6 * PANEL)

    def overlap(first: list[dict], second: list[dict]) -> bool:
        """Whether the numbers of two groups do, the first of which does not end later."""
        a, b = first[-1], second[-1]
        room = DIGIT * (len(_numbers(first)) + 1) * width
        near = abs(b["epoch"] - a["epoch"]) <= room and abs(b["value"] - a["value"]) <= LINE * height
        return a["panel"] == b["panel"] and near

    ends = sorted((point for point in points if "left" in point), key=lambda point: point["epoch"])
    groups = [[end] for end in ends]
    while pair := next((p for p in combinations(groups, 2) if overlap(*p)), None):
        joined = sorted([*pair[0], *pair[1]], key=lambda point: point["epoch"])
        groups = sorted(
            [*(group for group in groups if group not in pair), joined], key=lambda group: group[-1]["epoch"]
        )
    labels = [(group[-1], _numbers(group)) for group in groups]
    for end in ends:
        del end["left"]
    for end, label in labels:
        end["left"] = label


def _numbers(ends: list[dict]) -> str:
    """The runs left at these ends, each number once."""
    return ", ".join(map(str, sorted({end["left"] for end in ends})))

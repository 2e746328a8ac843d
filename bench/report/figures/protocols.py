"""The same models under two protocols: what a protocol does to the number that is printed."""

import altair as alt
import pandas as pd

from vidattn.bench.analysis import comparisons, untrained
from vidattn.bench.report.figures.style import (
    LETTER,
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
from vidattn.bench.results.reader import COORDINATES, Results

CAPTION = (
    "Top-1 of the same models under each protocol, with 95 % intervals; n and runs are those of a model. "
    "Where the protocols' orders of the models differ, so does what a reader would conclude. The 1-NN probe "
    "trains nothing; what each protocol is stands in the table settings."
)
MODEL = list(COORDINATES[1:4])
ROW = 12  # pixels of a protocol
ORDER = 30
BESIDE = "protocols"


def draw(results: Results) -> dict[str, Drawing]:
    """One figure a data set, of the protocols that at least half of its models were run under."""
    cells = comparisons.cells(results)
    done = cells[cells["top1"].notna()] if len(cells) else cells
    found = {}
    for dataset, part in done.groupby("dataset", sort=False):
        several = part[part.groupby(MODEL)["protocol"].transform("nunique") > 1]
        models = several.groupby("protocol")["top1"].transform("size")
        several = several[2 * models >= len(several[MODEL].drop_duplicates())]
        if several["protocol"].nunique() > 1:
            found[f"protocols_{dataset}"] = Drawing(protocols(several), f"{dataset}: {CAPTION}")
    return found


def protocols(cells: pd.DataFrame) -> Layers:
    """A row a model, a mark a protocol, those of one model a little apart."""
    extents = {name: f"{name}: {_extent(part)}" for name, part in cells.groupby("protocol", sort=False)}
    names, models = list(extents.values()), cells[MODEL].agg(_named, axis=1)
    shown = cells[["top1", "top1_low", "top1_high", "n"]].assign(
        model=models,
        protocol=cells["protocol"].map(extents),
        runs=cells["folds"] * cells["seeds"],
        interval=interval(cells, "top1"),
    )
    order = list(dict.fromkeys(shown["model"]))
    picked, opacity = chosen("protocol")
    room, legend = (int(LETTER * max(map(len, texts))) for texts in (order, names))
    axis = {
        "ticks": False,
        "domain": False,
        "minExtent": room,
        "grid": True,
        "tickBand": "extent",
    }  # between models
    base = alt.Chart(data(shown)).encode(
        y=alt.Y("model:N", sort=order, title=None, axis=axis),
        yOffset=alt.YOffset("protocol:N", scale=alt.Scale(domain=names)),
        opacity=opacity,
    )
    x = alt.X(
        "top1:Q",
        title=f"top-1 on {cells['dataset'].iloc[0]}",
        scale=alt.Scale(zero=False),
        axis={"labelFlush": True},
    )
    told = [
        alt.Tooltip("model:N"),
        alt.Tooltip("protocol:N"),
        alt.Tooltip("top1:Q", title="top-1", format=".3f"),
        alt.Tooltip("interval:N"),
        alt.Tooltip("n:Q", format=","),
        alt.Tooltip("runs:Q"),
    ]
    kinds = marks("protocol", numbered(names), columns(names))
    return alt.layer(
        base.mark_rule()
        .encode(x=alt.X("top1_low:Q"), x2=alt.X2("top1_high"), stroke=kinds["stroke"])
        .add_params(picked),
        base.mark_point(size=40, strokeWidth=1.2).encode(x=x, tooltip=told, **kinds),
    ).properties(width=WIDTH - 230, height=alt.Step(ROW), usermeta={"least": room + legend + 40})


def _extent(part: pd.DataFrame) -> str:
    """How much a protocol's numbers rest on: `n 432, 3 runs`; from the least to the most of its models."""
    counts = {"n": part["n"], "runs": part["folds"] * part["seeds"]}
    shown = {
        name: [f"{int(x):,}" for x in sorted({min(values), max(values)})] for name, values in counts.items()
    }
    return f"n {' to '.join(shown['n'])}, {' to '.join(shown['runs'])} runs"


def _named(key: pd.Series) -> str:
    backbone, attention, architecture = key
    head = f"{architecture} (1-NN probe)" if untrained.is_probe(architecture) else architecture
    return " / ".join([head, backbone, *([attention] if attention != "none" else [])])

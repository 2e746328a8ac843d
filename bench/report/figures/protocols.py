"""The same models under two protocols: what a protocol does to the number that is printed."""

import pandas as pd
from matplotlib.figure import Figure

from vidattn.bench.analysis import comparisons, untrained
from vidattn.bench.report.figures.style import COLOURS, DASHES, MARKERS, Drawing
from vidattn.bench.results.reader import COORDINATES, Results

CAPTION = (
    "Top-1 of the same models under each protocol, with 95 % intervals; n and runs are those of a model. "
    "Where the protocols' orders of the models differ, so does what a reader would conclude. The 1-NN probe "
    "trains nothing; what each protocol is stands in the table settings."
)
MODEL = list(COORDINATES[1:4])
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


def protocols(cells: pd.DataFrame) -> Figure:
    """A row a model, a mark a protocol, those of one model a little apart."""
    models, names = list(cells.groupby(MODEL, sort=False)), list(cells["protocol"].unique())
    figure = Figure(figsize=(6.4, 1.2 + 0.12 * len(names) * len(models)), layout="constrained")
    axes = figure.subplots()
    for y, (_, part) in enumerate(models):
        axes.axhline(y + 0.5, color="#DDDDDD", lw=0.6)
        for _, row in part.iterrows():
            kind = names.index(row["protocol"])
            _mark(axes, row, y + 0.8 * ((kind + 0.5) / len(names) - 0.5), kind % len(MARKERS))
    axes.set_yticks(range(len(models)), [" / ".join(_named(key)) for key, _ in models], fontsize=7)
    axes.set(ylim=(len(models) - 0.5, -0.5), xlabel=f"top-1 on {cells['dataset'].iloc[0]}")
    handles = {handle.get_label(): handle for handle in axes.get_lines() if handle.get_label() in names}
    figure.legend(
        [handles[name] for name in names],
        [f"{name}: {_extent(cells[cells['protocol'] == name])}" for name in names],
        loc="outside upper center",
        ncols=2,
        fontsize=8,
    )
    return figure


def _extent(part: pd.DataFrame) -> str:
    """How much a protocol's numbers rest on: `n 432, 3 runs`; from the least to the most of its models."""
    counts = {"n": part["n"], "runs": part["folds"] * part["seeds"]}
    shown = {
        name: [f"{int(x):,}" for x in sorted({min(values), max(values)})] for name, values in counts.items()
    }
    return f"n {' to '.join(shown['n'])}, {' to '.join(shown['runs'])} runs"


def _named(key: tuple[str, ...]) -> list[str]:
    backbone, attention, architecture = key
    head = f"{architecture} (1-NN probe)" if untrained.is_probe(architecture) else architecture
    return [head, backbone, *([attention] if attention != "none" else [])]


def _mark(axes, row: pd.Series, y: float, kind: int) -> None:
    axes.plot([row["top1_low"], row["top1_high"]], [y, y], color=COLOURS[kind], ls=DASHES[kind], lw=1)
    axes.plot(
        [row["top1"]], [y], color=COLOURS[kind], marker=MARKERS[kind], ls="", ms=5, label=row["protocol"]
    )

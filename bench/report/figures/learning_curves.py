"""Validation accuracy by epoch, a figure a data set and protocol."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vidattn.bench.report.figures.style import COLOURS, DASHES, MARKERS, Drawing
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

CROWD = 8  # lines of one panel; there are as many dashes
ORDER = 60
BESIDE = "training"


def draw(results: Results) -> dict[str, Drawing]:
    """One figure a data set and protocol that has validation."""
    found = {}
    for name, frame in curves(results).items():
        where = ", ".join(frame[["dataset", "protocol"]].iloc[0])
        caption = (
            f"Learning curves, {where}: validation top-1 by epoch, mean over up to {frame['runs'].max()} "
        )
        caption += "runs of a model. Pale: patience ended some of them; the number is of those left."
        if crowded(frame):
            caption += " Thin and dotted: the same architecture without attention."
        found[f"learning_curves_{name}"] = Drawing(learning_curves(frame), caption)
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


def learning_curves(frame: pd.DataFrame) -> Figure:
    """Validation top-1 by epoch, a panel a backbone and architecture, a line an attention (figure 6.1).

    Where attentions are many, a panel is of one attention and its lines are of architectures, each beside
    the same without attention.
    """
    of, told = ("attention", "architecture") if crowded(frame) else ("architecture", "attention")
    panels = list(frame.groupby(["backbone", of], sort=False))
    rows = -(-len(panels) // 2)
    figure = Figure(figsize=(6.4, 2.3 * rows + 0.3), layout="constrained")
    kinds = {name: i % len(DASHES) for i, name in enumerate(frame[told].unique())}
    grid = figure.subplots(rows, 2, squeeze=False, sharex=True, sharey=True).ravel()
    for (title, part), axes in zip(panels, grid):
        for name, line in part.groupby(told, sort=False):
            kind, every = kinds[name], max(1, len(line) // 5)
            style = {"color": COLOURS[kind], "ls": DASHES[kind], "marker": MARKERS[kind], "markevery": every}
            whole = line["runs"] == line["runs"].max()
            axes.plot(line["epoch"][whole], line["value"][whole], lw=1.2, ms=4, label=name, **style)
            _tail(axes, line[line["epoch"] >= line["epoch"][whole].max()], COLOURS[kind])
            if of == "attention" and title[1] != "none":
                same = (frame["architecture"] == name) & (frame["backbone"] == title[0])
                control = frame[same & (frame["attention"] == "none")]
                axes.plot(control["epoch"], control["value"], lw=0.9, ls=":", color=COLOURS[kind], zorder=1)
        axes.set_title(" / ".join(title), fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes in grid[max(len(panels) - 2, 0) : len(panels)]:
        axes.tick_params(labelbottom=True)  # below them there may be no panel
    lines = (line for axes in grid for line in axes.get_lines())
    styles = {line.get_label(): line for line in lines if line.get_label() in kinds}
    if len(styles) > 1:  # one has nothing to be told from
        figure.legend(handles=list(styles.values()), loc="outside upper center", ncols=4, fontsize=8)
    figure.supxlabel("epoch", fontsize=9)
    figure.supylabel("validation top-1", fontsize=9)
    return figure


def _tail(axes: Axes, line: pd.DataFrame, colour: str) -> None:
    """Go on where only some runs are left, and write at the end how many."""
    if len(line) < 2:
        return
    axes.plot(line["epoch"], line["value"], lw=0.8, color=colour, alpha=0.45)
    last = line.iloc[-1]
    spot, style = (last["epoch"], last["value"]), {"fontsize": 6, "color": colour, "va": "center"}
    axes.annotate(str(int(last["runs"])), spot, (3, 0), textcoords="offset points", **style)

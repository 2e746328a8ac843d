"""Validation accuracy by epoch, a figure a data set and protocol."""

import pandas as pd
from matplotlib.figure import Figure

from vidattn.bench.figures.style import COLOURS, DASHES, MARKERS, Drawing
from vidattn.bench.results import COORDINATES, Results, coordinates


def draw(results: Results) -> dict[str, Drawing]:
    """One figure a data set and protocol that has validation."""
    found = {}
    for name, frame in curves(results).items():
        where = ", ".join(frame[["dataset", "protocol"]].iloc[0])
        caption = (
            f"Learning curves, {where}: validation top-1 by epoch, mean over up to {frame['runs'].max()} "
        )
        caption += (
            "runs of a model. A run that patience ended is left out from there on: a tail may be of few."
        )
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

"""What a terminal is told of cells: one of them, or two on the same clips."""

import pandas as pd

from vidattn.bench.analysis import comparisons, controls, numbers_in_words
from vidattn.bench.report import leaderboard, render
from vidattn.bench.results.reader import Results

BLOCKS = "▁▂▃▄▅▆▇█"
PAIRS = 5  # confusions that are named
TOP = 5  # classes among which top5 looks
NO_CONTROL = "It has no control. If it has no attention, cells with one are measured against it."


def compared(results: Results, cell: str, control: str) -> str:
    """The paired difference of two cells on the clips that both tested, and what each costs.

    Raises:
        ValueError: One of them was not run, they have no fold with the same test clips, or are one cell.
    """
    if cell == control:
        raise ValueError(f"{cell} is compared with itself. Name two cells.")
    for name in (cell, control):
        if not results.records.get(name):
            raise ValueError(f"{name} has no records. Run it first: vidattn run {name}")
    row = comparisons.versus(results, [(cell, control)]).iloc[0]
    if not row["n"]:
        raise ValueError(f"{cell} and {control} have no fold with the same test clips.")
    frame = comparisons.cells(results).assign(cell=results.ids).set_index("cell").loc[[cell, control]]
    arms = frame[["top1", "top1_low", "top1_high", "parameters", "flops"]].reset_index()
    n, runs = (numbers_in_words.arms(row["arms"], name) for name in ("n", "runs"))
    told = (
        f"difference {_change(row)}, {n} predictions, {runs} training run{'' if runs == '1' else 's'} per arm"
    )
    return f"{render.markdown(arms)}\n{told}"


def ended(results: Results, cell: str) -> str:
    """What a run ends with: its cell's accuracy over all runs, and the difference to the control."""
    row = comparisons.cells(results).iloc[results.ids.index(cell)]
    count = numbers_in_words.extent([len(results.records[cell])], "run")
    said = against_control(results, cell) or NO_CONTROL
    return f"top-1 {numbers_in_words.accuracy(row)} of {cell}, mean of {count}\n{said}"


def against_control(results: Results, cell: str) -> str:
    """How a cell stands against its control, or which command would tell; "" where it has none."""
    control = controls.control(cell, results.plugins)
    if control is None:
        return ""
    if not results.records.get(control):
        return f"Its control was not run: vidattn run {control}"
    row = comparisons.versus(results, [(cell, control)]).iloc[0]
    if not row["n"]:
        return f"Its control has no fold with the same test clips: vidattn run {control}"
    costs = [leaderboard.short(results.records[name][0]["flops"]) for name in (cell, control)]
    return f"{_change(row)} against {control}; FLOPs {' against '.join(costs)}"


def _change(row: pd.Series) -> str:
    """`+0.9 points [+0.1, +1.7], p = 0.030`; without an interval where there is none."""
    if pd.isna(row["difference_low"]):
        return f"{100 * row['difference']:+.1f} points (no interval: too few runs or groups of clips)"
    change = numbers_in_words.points(*row[["difference", "difference_low", "difference_high"]])
    return f"{change}, {numbers_in_words.chance(row['p'])}"


def shown(results: Results, cell: str) -> str:
    """A cell's numbers, what it confuses, its curves, and where its records lie."""
    records = results.records.get(cell)
    if not records:
        raise ValueError(f"{cell} has no records. Run it first: vidattn run {cell}")
    row = comparisons.cells(results).iloc[results.ids.index(cell)]
    frame = results.predictions(cell)
    numbers = {
        name: render.number(row[name], name)
        for name in ("top5", "per_class", "n", "parameters", "flops")
        if name != "top5" or frame.empty or frame["label"].nunique() > TOP  # it would be 1
    }
    parts = [
        cell,
        f"top1 {numbers_in_words.accuracy(row)}  "
        + "  ".join(f"{name} {text}" for name, text in numbers.items()),
        against_control(results, cell),
        *_confused(frame),
        *_curves(records),
        *(str(results.path("records", cell, record, "json")) for record in records),
    ]
    return "\n".join(part for part in parts if part)


def _confused(frame: pd.DataFrame) -> list[str]:
    """Accuracy by class, and the labels most often taken for another."""
    if frame.empty:
        return []
    right = (frame["label"] == frame["prediction"]).groupby(frame["label"]).agg(["mean", "size"])
    wrong = frame[frame["label"] != frame["prediction"]].groupby(["label", "prediction"]).size()
    shares = [f"  {100 * mean:3.0f} % of {size:,.0f} {label}" for label, (mean, size) in right.iterrows()]
    most = wrong.sort_values(ascending=False, kind="stable").head(PAIRS)
    pairs = [f"{label} for {said} {count}" for (label, said), count in most.items()]
    return ["recognised, by class:", *shares, f"taken for another: {', '.join(pairs) or 'none'}"]


def _curves(records: list[dict]) -> list[str]:
    """Validation accuracy (or training loss) by epoch of each run, as blocks from least to greatest."""
    lines = []
    for record in records:
        history = record.get("history", {})
        name = next((each for each in ("val_top1", "loss") if history.get(each)), None)
        if name:
            values = history[name]
            low, span = min(values), (max(values) - min(values)) or 1
            bars = "".join(BLOCKS[int((len(BLOCKS) - 1) * (value - low) / span)] for value in values)
            ends = f"{low:.3f} to {max(values):.3f}, last {values[-1]:.3f}"
            lines.append(f"{name} of {record['fold']}-{record['seed']}: {bars} {ends}")
    return lines

"""One experiment across suites: a run a cell, with what a reader compares cells by."""

from collections.abc import Collection
from typing import Any

import pandas as pd

from vidattn.bench.report import leaderboard
from vidattn.bench.results.reader import Results, coordinates
from vidattn.bench.tracking import entries
from vidattn.bench.tracking.mirror import Mirror

NAME = "leaderboard"
ENDS = ("", "_low", "_high")
METRICS = (
    *(f"{name}{end}" for name in ("top1", "difference") for end in ENDS),
    *("p_holm", "parameters", "flops", "latency_ms", "runs"),
)


def log(results: Results, cells: Collection[str], uri: str | None) -> None:
    """Bring the runs of these cells up to date, with the numbers of the table; those of others stay."""
    frame = leaderboard.table(results)
    frame = frame[frame["cell"].isin(cells)]
    mirror = Mirror(uri, NAME)
    for _, row in frame.iterrows():
        cell, numbers = row["cell"], _numbers(row, results.timings(row["cell"]))
        control = "" if pd.isna(row["control"]) else row["control"]
        digest = entries.digest(numbers, control)
        if not mirror.has(cell, digest):
            run = mirror.replace(cell, {**entries.cell_tags(cell), "vidattn.control": control})
            mirror.complete(run, numbers, coordinates(cell), digest)
    mirror.show(entries.leaderboard_view())


def _numbers(row: pd.Series, timings: pd.DataFrame) -> dict[str, Any]:
    """The columns of a cell that hold a number, and mean seconds to train where they were measured here."""
    seconds = timings["train_seconds"].mean() if "train_seconds" in timings else float("nan")
    every = {**{name: row[name] for name in METRICS}, "train_seconds": seconds}
    return {name: float(value) for name, value in every.items() if not pd.isna(value)}

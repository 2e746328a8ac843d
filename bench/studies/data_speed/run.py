"""Speed of data, training and commands, and storage, each against another way, both sides in one run.

CPU seconds are compared (wall time only where processes run side by side), sides take turns and the better of
their repeats counts, so that a busy machine disturbs little. `ratio` is ours / theirs.
"""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from vidattn.bench.results import files as reading
from vidattn.bench.results import study_code
from vidattn.bench.studies.data_speed import flow as flow_speed
from vidattn.bench.studies.data_speed import input as input_speed
from vidattn.bench.studies.data_speed import timing
from vidattn.data.shards import format as shards

PARTS = ("flow", "job", "two_processes", "storage", "decoding", "features", "waiting", "training", "commands")
Encode = Callable[[np.ndarray], np.ndarray]


def run(
    shared: str | Path | None,
    out: str | Path,
    encode: Encode | None = None,
    predict_one: Encode | None = None,
    step: Callable[[dict[str, np.ndarray], np.ndarray], object] | None = None,
    training: Callable[[], list[dict]] | None = None,
    commands: Callable[[], list[dict]] | None = None,
    size: int = 112,
    clips: int = 64,
    only: Sequence[str] = PARTS,
) -> pd.DataFrame:
    """Measures and writes `<out>/benchmarks.csv`.

    Args:
        shared: Folder that holds the real clips `ucf101_12`, itself or under `data`; `None`: generated clips.
        out: Folder of the table.
        encode: Frozen backbone, `(N, 224, 224, 3)` float32 in [-1, 1] to features; without it no such row.
        predict_one: The same by the call that the ICIP code makes for a frame, if that is another.
        step: Training step of the smallest cell, of (arrays by stream, labels); without it no such row.
        training: Measures training, see `training.rows`; without it no such row.
        commands: Measures commands, see `commands.rows`; without it no such row.
        size: Side of the frames in the flow measurements.
        clips: Clips at hand; parts use fewer, `two_processes` more.
        only: Parts to measure; the rows of the others stay as the table has them.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # of containers not meant for flow
    real = timing.real(shared)
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = Path(folder)
            index = timing.index(real, store, clips)
            measure: dict[str, Callable[[], list[dict]]] = {
                "flow": partial(flow_speed.flow_pairs, store, size),
                "job": partial(flow_speed.thesis_job, store, index, size),
                "two_processes": partial(flow_speed.two_processes, real, store, size, 4 * clips),
                "storage": partial(flow_speed.storage, index),
                "decoding": partial(input_speed.decoding, store, index, real),
                "features": partial(input_speed.feature_pass, store, encode, predict_one),
                "waiting": partial(input_speed.waiting, store, step),
                "training": training or list,
                "commands": commands or list,
            }
            for part in only:  # what was measured is kept where a later part fails
                rows = [{"part": part, **row} for row in measure[part]()]
                frame = pd.DataFrame(rows, columns=["part", *timing.COLUMNS])
                table = _merge(frame, Path(out) / "benchmarks.csv")
    finally:
        cv2.setNumThreads(threads)
    return table


def _merge(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Puts the measured parts in the place of their old rows and writes the table."""
    if path.exists():
        old = reading.table(path, ["part"], "Delete it, then run this again.")
        table = pd.concat(
            [study_code.stamped(table, "benchmarks"), old[~old["part"].isin(set(table["part"]))]]
        )
    table = table.sort_values(
        "part", key=lambda parts: parts.map(PARTS.index), kind="stable", ignore_index=True
    )
    table = study_code.stamped(table, "benchmarks")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    shards.place(path, lambda file: file.write(text.encode()))
    return table

"""Seconds and memory of models, as measured by the benchmark command; they differ from machine to machine."""

from pathlib import Path

import pandas as pd

from vidattn.bench.results import files as reading
from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per model: memory and seconds to build it, latency of a clip, memory of a training step.

    Seconds are those of the processor, on one thread.
    """
    path = Path(results.root) / "benchmarks" / "costs.csv"
    if not path.is_file():
        return pd.DataFrame(columns=["model"])
    frame = reading.table(path, ["model"], "Delete it, then: vidattn bench costs", dtype={"frames": "Int64"})
    return study_code.marked(frame, "costs")

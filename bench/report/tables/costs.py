"""Seconds and memory of models, as measured by the benchmark command; they differ from machine to machine."""

import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per model: memory and seconds to build it, latency of a clip, memory of a training step.

    Seconds are those of the processor, on one thread.
    """
    again, types = "Delete it, then: vidattn bench costs", {"frames": "Int64"}
    return study_code.table(results.root, "costs", ["model"], again, dtype=types)

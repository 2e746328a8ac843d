"""What an attention costs in training: time, memory and operations against the same model without one."""

import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results

MODEL = ["backbone", "attention", "architecture", "classes", "size", "frames", "batch"]
MEASURED = {"step_seconds": "batch_seconds", "memory_mb": "batch_mb", "latency_ms": "latency_ms"}
COLUMNS = [*MODEL, "step_seconds", "step_flops", "memory_mb", "latency_ms"]
COLUMNS += [f"{name}_relative" for name in ("step_seconds", "step_flops", "memory_mb", "latency_ms")]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per model that was measured with an attention and without; `_relative` is the ratio of the two.

    A step is one update with the recipe's batch, on one thread. Its FLOPs are three times those of the
    forward pass: backwards costs twice what forwards does. Memory is the largest that the process had.
    """
    again, types = "Delete it, then: vidattn bench costs", {"frames": "Int64"}
    costs = study_code.read(results.root, "costs", ["model", "batch"], again, dtype=types)
    counts = results.complexity
    if costs.empty or counts.empty:
        return pd.DataFrame(columns=COLUMNS)
    costs = costs.reindex(columns=[*dict.fromkeys([*costs, *MEASURED.values()])])  # of an older form
    what = ["model", "backbone", "attention", "architecture", "classes", "flops"]
    frame = costs.merge(counts[what], on="model")
    frame = frame.rename(columns={measured: name for name, measured in MEASURED.items()})
    frame["step_flops"] = 3 * frame["batch"] * frame["flops"]
    return _relative(frame)[COLUMNS]


def _relative(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of models with attention, beside them what the one without costs."""
    others = [name for name in MODEL if name != "attention"]
    values = [name.removesuffix("_relative") for name in COLUMNS if name.endswith("_relative")]
    plain = frame[frame["attention"] == "none"][[*others, *values]]
    rows = frame[frame["attention"] != "none"].merge(plain, on=others, suffixes=("", "_none"))
    for name in values:
        rows[f"{name}_relative"] = rows[name] / rows[f"{name}_none"]
    return rows

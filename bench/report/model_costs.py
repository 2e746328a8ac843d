"""What the model of a cell costs, as `vidattn bench costs` measured it."""

import numpy as np
import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results

MEASURED = {"latency_ms": "latency_ms", "step_memory_mb": "batch_mb"}  # name here -> column of costs.csv
NEEDED = ["model", "size", "frames"]


def of(results: Results, frame: pd.DataFrame) -> pd.DataFrame:
    """`latency_ms` of one clip and `step_memory_mb` of a training step, a row for each row of `frame`.

    Missing where no model of the same parts was measured on inputs of the same size. A cell whose encoder
    is frozen runs its head alone, and finds a head that was measured alone.

    Args:
        results: What was measured.
        frame: Has `cell` and the coordinates; cells without records are missing.
    """
    if "costs" not in results.cache:
        results.cache["costs"] = _costs(results)
    costs = results.cache["costs"]
    parts = frame[["cell", "backbone", "attention", "architecture"]].itertuples(index=False, name=None)
    keys = [_model(results, *row) for row in parts]
    missing = dict.fromkeys(MEASURED, np.nan)
    return pd.DataFrame([costs.get(key, missing) for key in keys], index=frame.index, columns=[*MEASURED])


def _costs(results: Results) -> dict[tuple, dict[str, float]]:
    """(Model, size, frames, whether a head alone) -> what was measured."""
    costs = study_code.read(results.root, "costs", NEEDED, "Delete it, then: vidattn bench costs")
    counts = results.complexity
    costs = costs.reindex(columns=[*dict.fromkeys([*costs, *MEASURED.values()])])  # of an older form
    heads = set(counts.loc[counts["from_features"].notna(), "model"]) if "from_features" in counts else set()
    found = {}
    for row in costs.to_dict("records"):
        name = str(row["model"]).rsplit("-", 1)[0]  # less the number of classes
        frames = 1 if pd.isna(row["frames"]) else row["frames"]
        values = {ours: row[theirs] for ours, theirs in MEASURED.items()}
        found[name, row["size"], frames, row["model"] in heads] = values
    return found


def _model(results: Results, cell: str, *parts: str) -> tuple:
    """How `_costs` names what a cell runs."""
    records = results.records.get(cell)
    protocol = records[0].get("protocol", {}) if records else {}
    return "-".join(parts), protocol.get("size"), protocol.get("frames"), protocol.get("encoder") == "frozen"

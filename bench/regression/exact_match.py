"""The exact layer: is a run, made again with its seed on the reference's kind of device, the same to the bit?

What is compared is a digest of what a run leaves in results/: every test clip's prediction, rank and
confidence, and the curves of its training.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

SEEN = ["clip", "prediction", "rank", "confidence"]
IDENTICAL, CHANGED, ELSEWHERE = "identical", "changed", "elsewhere"


def digest(record: Mapping[str, Any], predictions: pd.DataFrame) -> str:
    """16 hexadecimal digits that stand for a run's predictions and curves; "" without predictions."""
    if predictions.empty:
        return ""
    rows = predictions.sort_values("clip", kind="stable")
    lines = ["\t".join(map(str, row)) for row in zip(*(rows[name].tolist() for name in SEEN))]
    curves = json.dumps(record.get("history"), sort_keys=True)
    return hashlib.sha256("\n".join([*lines, curves]).encode()).hexdigest()[:16]


def verdicts(old: pd.DataFrame, now: pd.DataFrame) -> dict[str, str]:
    """Run, `<fold>-<seed>` -> `identical`, `changed` (on the same kind of device) or `elsewhere`.

    Args:
        old: Rows of the reference (`reference.make`) of one cell.
        now: The same of what was measured; runs that only one of the two has are left out.
    """
    made = {(row.fold, row.seed): row for row in now.itertuples()}
    both = [(row, made[row.fold, row.seed]) for row in old.itertuples() if (row.fold, row.seed) in made]
    return {f"{row.fold}-{row.seed}": _verdict(row, again) for row, again in both if row.digest}


def _verdict(old: Any, now: Any) -> str:
    if old.digest == now.digest:
        return IDENTICAL
    return CHANGED if old.device == now.device else ELSEWHERE

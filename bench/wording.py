"""Numbers in words: differences, accuracies, counts."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

ENOUGH = 3  # trainings a side from which on a difference is called clear: fewer say nothing of training noise


def points(value: float, low: float, high: float) -> str:
    """A difference in percentage points: `+0.9 points [+0.1, +1.7]`."""
    return f"{100 * value:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]"


def percent(value: float, low: float, high: float) -> str:
    """An accuracy: `74.3 % [60.9, 85.6]`, without brackets where there is no interval."""
    return f"{100 * value:.1f} %" + ("" if np.isnan(low) else f" [{100 * low:.1f}, {100 * high:.1f}]")


def chance(p: float) -> str:
    """A p value as a reader wants it."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def accuracy(row: pd.Series) -> str:
    """Top-1 of a row of `summary.cells`."""
    return percent(row["top1"], row["top1_low"], row["top1_high"])


def trainings(folds: Iterable[int], seeds: Iterable[int]) -> str:
    """`3 folds x 1 seed`: the trainings of a model; from the least to the most of several."""
    return f"{extent(folds, 'fold')} x {extent(seeds, 'seed')}"


def reserve(runs: int, p_trainings: float) -> str:
    """What to add to a verdict that rests on few trainings a side, or that other trainings may not repeat."""
    if runs < ENOUGH:
        return f" on {runs} training{'' if runs == 1 else 's'} a side"
    return "" if p_trainings < 0.05 else " for these trainings only"


def counted(counts: dict[str, tuple[int, int]]) -> tuple[str, str]:
    """`3 of 10`, and whose these are by cell, `none / lstm 3 of 5`; only of cells that have any."""
    named = [f"{' / '.join(cell.split('-')[2:4])} {k} of {n}" for cell, (k, n) in counts.items() if k]
    total, runs = (sum(count[i] for count in counts.values()) for i in (0, 1))
    return f"{total} of {runs}", ", ".join(named)


def extent(values: Iterable[int], name: str) -> str:
    """`3 folds`, or `1 to 3 folds`."""
    low, high = int(min(values)), int(max(values))
    return f"{low if low == high else f'{low} to {high}'} {name}{'' if high == 1 else 's'}"


def items(part: pd.DataFrame) -> str:
    """What a data set is made of."""
    return "images" if (part["architecture"] == "image").all() else "clips"


def ends(values: Iterable[int]) -> str:
    """`240`, or `190 to 240`."""
    found = sorted(values)
    return f"{found[0]:,}" if found[0] == found[-1] else f"{found[0]:,} to {found[-1]:,}"

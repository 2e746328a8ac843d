"""Small statistics as pure functions: arrays in, numbers out.

Axis letters: N comparisons, R runs (a fold with a seed).
"""

import numpy as np


def holm(p: np.ndarray, size: int | None = None) -> np.ndarray:
    """Holm's correction over a family (Holm 1979).

    Args:
        p: (N,) p values; missing ones stay missing.
        size: Tests that the family was fixed with, run or not; default the p values that are there.
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]  # missing ones come last
    steps = max(size or 0, len(order)) - np.arange(len(order))
    corrected = np.full(p.shape, np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * steps), 1.0)
    return corrected


def holm_within(p: np.ndarray, families: list, sizes: dict | None = None) -> np.ndarray:
    """Holm's correction within each family: (N,) p values, N families; returns (N,) corrected p.

    What is added to one family changes no other: a comparison does not lose by an unrelated data set.
    """
    values, corrected = np.asarray(p, dtype=float), np.full(len(families), np.nan)
    for family in dict.fromkeys(families):
        mine = np.array([other == family for other in families])
        corrected[mine] = holm(values[mine], (sizes or {}).get(family))
    return corrected


def probability_of_improvement(first: np.ndarray, second: np.ndarray) -> float:
    """Chance that a run of the first beats one of the second (Agarwal et al. 2021); ties count half."""
    gap = np.subtract.outer(np.asarray(first, float), np.asarray(second, float))
    return float(np.mean((gap > 0) + 0.5 * (gap == 0)))

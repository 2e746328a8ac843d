"""Has a cell's accuracy dropped? Its mean under a few seeds against many seeds of the reference.

A run under other seeds, or on another kind of device, is one more draw of what the reference's seeds show,
so that their spread is the whole noise: the clips are the same, and no model of them is needed.
"""

import numpy as np

ALPHA = 0.005  # chance of a false alarm; the study of the gate's error rates measures it
LEAST = 10  # seeds of the reference that are not made again; with fewer, clips are compared (`drop_test`)


def find(reference: np.ndarray, now: np.ndarray, alpha: float = ALPHA) -> dict[str, float]:
    """One-sided t test of a drop.

    Args:
        reference: (R,) accuracy of each seed of the reference, mean over its folds.
        now: (S,) the same of the seeds that were trained now.
        alpha: Chance that noise alone fails the test.

    Returns:
        Both means, their difference, its p, the limit of p, and the drop that is found with 80 % power.
    """
    from scipy.stats import t  # takes half a second, and no test is needed where all runs are identical

    freedom = len(reference) - 1
    error = float(np.std(reference, ddof=1)) * np.sqrt(1 / len(reference) + 1 / len(now))
    gap = float(np.mean(now) - np.mean(reference))
    p = float(t.cdf(gap / error, freedom)) if error > 0 else float(gap >= 0)
    detectable = float((t.ppf(1 - alpha, freedom) + t.ppf(0.8, freedom)) * error)
    means = {"reference": float(np.mean(reference)), "top1": float(np.mean(now))}
    return {**means, "top1_difference": gap, "p": p, "limit": alpha, "detectable": detectable}

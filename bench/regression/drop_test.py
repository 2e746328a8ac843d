"""Did accuracy drop from one training to another? One-sided tests on the same clips, over several cells.

The chance that noise alone makes any of them fail is at most `alpha`: half of it goes to the mean over all
cells (which sees a small drop everywhere), half to the single cells with Holm's correction. The standard
error is the larger of two: that of clips over groups, and that of the folds' differences pooled
over all cells, which sees what differs from training to training.
"""

import numpy as np
import pandas as pd

from vidattn.bench.analysis import statistics

ALL = "all cells"


def find(pairs: dict[str, pd.DataFrame], alpha: float) -> dict[str, dict]:
    """One-sided tests of a drop, cell -> means, difference, p (Holm over cells), detectable; and `all cells`.

    Args:
        pairs: Cell -> frame with columns fold, group, old, new; a row is a clip.
        alpha: Chance that noise alone makes any of the tests fail.
    """
    pairs = {cell: frame for cell, frame in pairs.items() if len(frame)}
    if not pairs:
        return {}
    noise, freedom = _training_noise(pairs)
    found = {
        cell: _test(frame, frame["fold"], noise, freedom, alpha / 2 / len(pairs))
        for cell, frame in pairs.items()
    }
    corrected = statistics.holm(np.array([row["p"] for row in found.values()]))
    for row, p in zip(found.values(), corrected):
        row |= {"p": float(p), "limit": alpha / 2}
    everything = pd.concat([frame.assign(cell=cell) for cell, frame in pairs.items()], ignore_index=True)
    runs = everything["cell"] + "/" + everything["fold"].astype(str)
    everything["group"] = everything["cell"].str.split("-").str[0] + "/" + everything["group"]
    total = _test(everything, runs, noise, freedom, alpha / 2)
    return {**found, ALL: {**total, "limit": alpha / 2}}


def _training_noise(pairs: dict[str, pd.DataFrame]) -> tuple[float, int]:
    """Spread of the folds' differences around their cell's mean, pooled over cells, and its freedom."""
    gaps = [
        frame.assign(gap=frame["new"] - frame["old"]).groupby("fold")["gap"].mean()
        for frame in pairs.values()
    ]
    freedom = sum(len(gap) - 1 for gap in gaps)
    squares = sum(float(((gap - gap.mean()) ** 2).sum()) for gap in gaps)
    return (np.sqrt(squares / freedom), freedom) if freedom else (0.0, 0)


def _test(frame: pd.DataFrame, runs: pd.Series, noise: float, freedom: int, alpha: float) -> dict:
    """One-sided test of a drop."""
    from scipy.stats import t  # takes half a second, and no test is needed where all runs are identical

    from vidattn.bench.analysis import contrasts

    gaps = (frame["new"] - frame["old"]).to_numpy(float)
    gap = contrasts.of_values(gaps, frame["group"].to_numpy(), runs.to_numpy())
    clips = contrasts.clip_error(gaps, frame["group"].to_numpy(), runs.to_numpy())
    error = max(clips, noise / np.sqrt(runs.nunique()))
    degrees = max(1, min([x for x in (gap.groups - 1, freedom) if x > 0], default=1))
    p = float(t.cdf(gap.value / error, degrees)) if error > 0 else float(gap.value >= 0)
    detectable = (t.ppf(1 - alpha, degrees) + t.ppf(0.8, degrees)) * error if error > 0 else np.nan
    means = {name: frame[name].groupby(runs.to_numpy()).mean().mean() for name in ("old", "new")}
    row = {"reference": means["old"], "top1": means["new"], "top1_difference": gap.value, "p": p}
    return row | {"detectable": float(detectable), "n": gap.n, "groups": gap.groups}

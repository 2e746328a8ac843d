"""The one model of the noise: an estimate, its interval and its p hold for other clips and other runs.

The accuracy of cell c on a clip of group (source video) g in fold f, trained with seed s, is

    mean[c] + group[c, g] + fold[c, f] + run[c, f, s] + rest

with all but the mean random. A mean over folds of the means over seeds, and any weighted sum of such means
(`weights` w: a difference, a main effect, a difference of differences), has the variance

    clips + sum over cells of w^2 (fold variance / F + run variance / (F S))

- *clips*: linearised variance of a stratified cluster sample (Cochran 1977, ch. 11). Groups are drawn within
  their class and fold where each lies in one. It is of the mean over seeds, so that it holds what the
  outcome of a clip varies by from run to run (`rest`) too.
- *run variance*: variance of run means over seeds within a fold, less the part of it that `clips` holds. It
  is of the cell's own seeds, else pooled over the cells of its protocol.
- *fold variance*: what the folds' differences between cells vary by beyond clips and runs, as other training
  clips in another order do. Pooled over the cells of the protocol: three folds alone tell next to nothing.

Interval and p are Student's, with Satterthwaite's (1946) degrees of freedom. Accuracies get theirs on the
logit scale; where every clip is right or wrong, Clopper and Pearson's over groups.

Chosen by simulation (`vidattn bench coverage`) over a group bootstrap, which leaves out the last two terms,
and Nadeau and Bengio's corrected t over folds, which has two degrees of freedom for three of them: the one
covers too little, the other finds nothing. Nothing is resampled, so no p depends on random numbers.

Letters: F folds, S runs of a fold, N clips, G groups, C cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, t

LEVEL = 0.95
POWER = 0.8


@dataclass(frozen=True)
class Term:
    """One part of a variance: its size, and for Satterthwaite the estimate that it rests on and its freedom.

    `size` may be less than `estimate`, from which something was subtracted.
    """

    size: float
    estimate: float
    freedom: float


@dataclass(frozen=True)
class Estimate:
    """A weighted sum of accuracies with its interval.

    Attributes:
        value: The estimate.
        low: Lower end of the interval; missing where the run-to-run variance is unknown.
        high: Upper end.
        error: Standard error, for other clips and other training runs.
        freedom: Degrees of freedom of its t.
        p: Two-sided, of no difference.
        groups: Number of groups of test clips.
        n: Predictions per arm, of the arm that has fewer.
    """

    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    error: float = np.nan
    freedom: float = np.nan
    p: float = np.nan
    groups: int = 0
    n: int = 0

    @property
    def judged(self) -> bool:
        """Whether there is an interval."""
        return not np.isnan(self.low)


def influence(values: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """What each group adds to a mean over clips: (..., N) values, (N,) group codes -> (..., G)."""
    sizes, rows = np.bincount(codes, minlength=count), values.reshape(-1, len(codes))
    sums = np.array([np.bincount(codes, weights=row, minlength=count) for row in rows], float)
    sums = sums.reshape(*values.shape[:-1], count)
    return (sums - values.mean(-1, keepdims=True) * sizes) / max(len(codes), 1)


def strata(codes: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """(G,) stratum of each group: its class and its fold, each where all its clips share one."""
    count = int(codes.max()) + 1
    keys = np.zeros((count, 2), int)
    for column, values in enumerate((labels, folds)):
        numbers = np.unique(values, return_inverse=True)[1]
        low, high = np.full(count, len(codes)), np.full(count, -1)
        np.minimum.at(low, codes, numbers)
        np.maximum.at(high, codes, numbers)
        keys[:, column] = np.where(low == high, low, -1)
    return np.unique(keys, axis=0, return_inverse=True)[1].ravel()


def clip_covariance(parts: np.ndarray, stratum: np.ndarray) -> tuple[np.ndarray, int]:
    """Covariance of means over a stratified sample of groups, and its degrees of freedom.

    Args:
        parts: (K, G) what each group adds to each of K means (`influence`).
        stratum: (G,) from 0 on; a group alone in its stratum counts with its distance from the mean.

    Returns:
        (K, K) covariance and the freedom.
    """
    sizes = np.bincount(stratum)
    sums = np.stack([np.bincount(stratum, weights=row, minlength=len(sizes)) for row in parts])
    several = sizes > 1
    means = np.where(several, sums / np.maximum(sizes, 1), 0.0)
    scale = np.where(several, sizes / np.maximum(sizes - 1, 1), 1.0)
    apart = (parts - means[:, stratum]) * np.sqrt(scale[stratum])
    return apart @ apart.T, int((sizes[several] - 1).sum())


def estimate(value: float, terms: Sequence[Term], groups: int, n: int, level: float = LEVEL) -> Estimate:
    """A difference with Student's interval, from the terms of its variance."""
    variance, freedom = pooled(terms)
    if groups < 2 or not freedom > 0:
        return Estimate(value, groups=groups, n=n)
    error = float(np.sqrt(variance))
    reach = float(t.ppf((1 + level) / 2, freedom)) * error
    p = float(2 * t.sf(abs(value) / error, freedom)) if error > 0 else float(value == 0)
    return Estimate(value, value - reach, value + reach, error, freedom, p, groups, n)


def accuracy(value: float, terms: Sequence[Term], groups: int, n: int, level: float = LEVEL) -> Estimate:
    """An accuracy with its interval, which stays between 0 and 1."""
    plain = estimate(value, terms, groups, n, level)
    if not plain.judged:
        return plain
    if value in (0.0, 1.0):
        low, high = binomtest(round(value * groups), groups).proportion_ci(level, "exact")
    else:
        reach = (plain.high - value) / (value * (1 - value))
        middle = np.log(value / (1 - value))
        with np.errstate(over="ignore"):  # of an interval that holds next to everything
            low, high = 1 / (1 + np.exp(reach - middle)), 1 / (1 + np.exp(-reach - middle))
    return Estimate(value, float(low), float(high), plain.error, plain.freedom, np.nan, groups, n)


def pooled(terms: Sequence[Term]) -> tuple[float, float]:
    """Sum of the terms and its degrees of freedom (Satterthwaite 1946); missing where a term is unknown."""
    variance = float(sum(term.size for term in terms))
    spread = sum(term.estimate**2 / term.freedom for term in terms if term.size > 0 and term.freedom > 0)
    if np.isnan(variance) or any(term.size > 0 and not term.freedom > 0 for term in terms):
        return np.nan, np.nan
    largest = max((term.freedom for term in terms), default=0)
    return variance, min(variance**2 / spread, sum(x.freedom for x in terms)) if spread else largest


def minimal_detectable(found: Estimate, comparisons: int = 1, level: float = LEVEL) -> float:
    """Smallest true difference found with a power of 0.8, as the first of so many under Holm's correction."""
    if not found.judged:
        return np.nan
    alpha = (1 - level) / comparisons
    return float((t.ppf(1 - alpha / 2, found.freedom) + t.ppf(POWER, found.freedom)) * found.error)

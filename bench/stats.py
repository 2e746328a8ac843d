"""Statistics as pure functions: arrays in, an estimate with its uncertainty out.

Clips cut from one video are not independent, so everything here resamples *groups* (source videos), never
clips. Axis letters: N predictions, G groups, R runs (a fold with a seed), B bootstrap replicates.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm, t
from sklearn.metrics import balanced_accuracy_score
from statsmodels.stats.contingency_tables import mcnemar as _mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

REPLICATES = 4000
LEVEL = 0.95
MANY = 1000  # groups; from here on the bootstrap draws kinds of equal groups (pictures are groups of one)


@dataclass(frozen=True)
class Interval:
    """A mean over runs with its interval.

    Attributes:
        value: Mean over runs.
        low: Lower end of the interval.
        high: Upper end of the interval.
        error: Standard error over groups.
        groups: Number of groups, the effective sample.
        n: Number of predictions.
    """

    value: float
    low: float
    high: float
    error: float
    groups: int
    n: int


@dataclass(frozen=True)
class Difference(Interval):
    """A paired difference of two cells on the same clips; `p` is two-sided."""

    p: float


def top1(predictions: pd.DataFrame) -> float:
    """Share of clips whose predicted class is the label."""
    return float((predictions["label"] == predictions["prediction"]).mean())


def top5(predictions: pd.DataFrame) -> float:
    """Share of clips whose label is among the five highest scores."""
    return float((predictions["rank"] <= 5).mean())


def per_class(predictions: pd.DataFrame) -> float:
    """Mean over classes of the share of clips recognised."""
    labels, found = predictions["label"].to_numpy(), predictions["prediction"].to_numpy()
    return float(balanced_accuracy_score(labels, found))


def interval(
    hit: np.ndarray,
    groups: np.ndarray,
    runs: np.ndarray,
    level: float = LEVEL,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Interval:
    """Mean over runs of the accuracy, with a cluster bootstrap interval over groups.

    Args:
        hit: (N,) 1 where the prediction is right.
        groups: (N,) group of the clip.
        runs: (N,) run that made the prediction; a group keeps all its runs together.
        level: Confidence level.
        replicates: Bootstrap replicates B.
        seed: Seed of the bootstrap.

    The percentiles are widened for few groups (Hesterberg 2015, "What teachers should know about the
    bootstrap", expanded percentile interval). Where every clip is right or every clip is wrong the bootstrap
    has nothing to resample; the interval is then Clopper and Pearson's with a group as the unit.
    """
    right, total = _counts(hit, groups, runs)
    value, count = float(np.mean(right.sum(0) / total.sum(0))), len(total)
    if count < 2:
        return Interval(value, np.nan, np.nan, np.nan, count, len(hit))
    if value in (0.0, 1.0):
        low, high = proportion_confint(round(value * count), count, 1 - level, method="beta")
        return Interval(value, float(low), float(high), 0.0, count, len(hit))
    means = _replicates([right], total, replicates, seed)[0]
    return Interval(value, *_percentiles(means, count, level), _error(means, count), count, len(hit))


def difference(
    first: np.ndarray,
    second: np.ndarray,
    groups: np.ndarray,
    runs: np.ndarray,
    level: float = LEVEL,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Difference:
    """Mean over runs of `first - second` on the same clips, with a paired cluster bootstrap over groups.

    Args:
        first: (N,) hits of one cell.
        second: (N,) hits of the other cell on the same rows.
        groups: (N,) group of the clip.
        runs: (N,) run.
        level: Confidence level.
        replicates: Bootstrap replicates.
        seed: Seed of the bootstrap.

    `p` is the level at which the interval would just touch zero, so test and interval never disagree. Where
    no replicate crosses zero the bootstrap only bounds it from above; it is then that of Student's t with
    the bootstrap's standard error, or the bound where that is less.
    """
    (right, total), (other, _) = _counts(first, groups, runs), _counts(second, groups, runs)
    value, count = float(np.mean((right - other).sum(0) / total.sum(0))), len(total)
    if count < 2:
        return Difference(value, np.nan, np.nan, np.nan, count, len(first), np.nan)
    means = _replicates([right - other], total, replicates, seed)[0]
    bounds, error, p = _percentiles(means, count, level), _error(means, count), _two_sided(means, count)
    if error > 0 and (means.min() > 0 or means.max() < 0):
        p = min(p, float(2 * t.sf(abs(value) / error, count - 1)))
    return Difference(value, *bounds, error, count, len(first), p)


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """McNemar's p over clips (exact below 25 discordant pairs); takes clips as independent: optimistic."""
    both = [[np.sum((first == i) & (second == j)) for j in (1, 0)] for i in (1, 0)]
    return float(_mcnemar(both, exact=both[0][1] + both[1][0] < 25, correction=True).pvalue)


def corrected_t(differences: np.ndarray, n_train: float, n_test: float) -> tuple[float, float]:
    """Corrected resampled t test over runs (Nadeau and Bengio 2003, section 3).

    Args:
        differences: (R,) accuracy differences, one a run.
        n_train: Training clips of a run.
        n_test: Test clips of a run.

    Returns:
        t and the two-sided p; the variance carries `1/R + n_test/n_train` because training sides overlap.
    """
    count = len(differences)
    if count < 2:
        return np.nan, np.nan
    variance = np.var(differences, ddof=1) * (1 / count + n_test / n_train)
    if variance == 0:
        return (0.0, 1.0) if differences[0] == 0 else (float(np.copysign(np.inf, differences[0])), 0.0)
    statistic = float(np.mean(differences) / np.sqrt(variance))
    return statistic, float(2 * t.sf(abs(statistic), count - 1))


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's correction over a family; missing p values stay missing and do not count."""
    p = np.asarray(p, dtype=float)
    corrected, known = np.full(p.shape, np.nan), ~np.isnan(p)
    if known.any():
        corrected[known] = multipletests(p[known], method="holm")[1]
    return corrected


def holm_within(p: np.ndarray, families: list) -> np.ndarray:
    """Holm's correction within each family: (N,) p values, N families; returns (N,) corrected p.

    What is added to one family changes no other: a comparison does not lose by an unrelated data set.
    """
    values = pd.Series(np.asarray(p, dtype=float))
    codes = pd.factorize(pd.Series(list(families), dtype=object))[0]
    return values.groupby(codes).transform(holm).to_numpy(float)


def probability_of_improvement(first: np.ndarray, second: np.ndarray) -> float:
    """Chance that a run of the first beats one of the second (Agarwal et al. 2021); ties count half."""
    gap = np.subtract.outer(np.asarray(first, float), np.asarray(second, float))
    return float(np.mean((gap > 0) + 0.5 * (gap == 0)))


def minimal_detectable(error: float, groups: int, level: float = LEVEL, power: float = 0.8) -> float:
    """Smallest true difference that a two-sided test with this standard error finds with this power."""
    if groups < 2 or np.isnan(error):
        return np.nan
    return float((t.ppf((1 + level) / 2, groups - 1) + t.ppf(power, groups - 1)) * error)


def _counts(values: np.ndarray, groups: np.ndarray, runs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the values and numbers of clips, both (G, R)."""
    rows, names = pd.factorize(np.asarray(groups), sort=True)
    columns, labels = pd.factorize(np.asarray(runs), sort=True)
    sums, total = np.zeros((2, len(names), len(labels)))
    np.add.at(sums, (rows, columns), np.asarray(values, dtype=float))
    np.add.at(total, (rows, columns), 1.0)
    return sums, total


def _replicates(sums: list[np.ndarray], total: np.ndarray, replicates: int, seed: int) -> np.ndarray:
    """Bootstrap means over runs, (len(sums), B), of one draw of groups; runs that drew none are left out."""
    rng, count, blocks = np.random.default_rng(seed), len(total), []
    alike = np.ones(count)
    if count >= MANY:
        sums, total, alike = _kinds(sums, total)
    for start in range(0, replicates, 500):
        size = min(500, replicates - start)
        weights = rng.multinomial(count, alike / count, size=size).astype(float)  # (b, G)
        with np.errstate(invalid="ignore"):
            blocks.append([np.nanmean((weights @ s) / (weights @ total), axis=1) for s in sums])
    return np.concatenate(blocks, axis=1)


def _kinds(sums: list[np.ndarray], total: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Groups with the same sums and totals as one kind, and how many there are of each: same distribution."""
    columns = np.concatenate([total, *sums], axis=1)
    found, alike = np.unique(columns, axis=0, return_counts=True)
    first, *rest = np.split(found, len(sums) + 1, axis=1)
    return rest, first, alike.astype(float)


def _percentiles(means: np.ndarray, count: int, level: float) -> tuple[float, float]:
    """Expanded percentile interval for `count` groups."""
    tail = norm.cdf(-np.sqrt(count / (count - 1)) * t.ppf((1 + level) / 2, count - 1))
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def _error(means: np.ndarray, count: int) -> float:
    """Standard error; the bootstrap's own is too small by (G - 1) / G."""
    return float(np.std(means, ddof=1) * np.sqrt(count / (count - 1)))


def _two_sided(means: np.ndarray, count: int) -> float:
    """The p value that belongs to the expanded percentile interval."""
    tail = (min(np.sum(means <= 0), np.sum(means >= 0)) + 1) / (len(means) + 1)
    if tail >= 0.5:
        return 1.0
    return float(2 * t.cdf(norm.ppf(tail) * np.sqrt((count - 1) / count), count - 1))

"""What makes a clip recognised, as components measured from predictions; and hits drawn from them again.

A probit model: a clip is recognised where a normal threshold plus effects of its group, itself, fold and run
is positive. Effects of group and clip are shared by all cells or a cell's own. The variances follow from the
covariances of hits by inverting the bivariate normal; those of runs and folds from `run_variance`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from vidattn.bench.analysis.run_variance import Arm
from vidattn.bench.analysis.samples import Fold

NODES, MASS = np.polynomial.hermite_e.hermegauss(60)
LARGEST = 0.97  # of the latent variance that may be explained: something is always chance


@dataclass(frozen=True)
class Components:
    """Accuracy and latent variances; those of runs and folds are standard deviations of accuracy.

    Attributes:
        accuracy: Mean accuracy of the cells.
        group: Variance of a group's effect, shared by all cells.
        own_group: The same of one cell.
        clip: Variance of a clip's effect, shared by all cells.
        own_clip: The same of one cell, alike in all its runs.
        run: Standard deviation of a run's accuracy, beyond its clips.
        fold: Standard deviation of a fold's accuracy of one cell, beyond clips and runs.
    """

    accuracy: float
    group: float
    own_group: float
    clip: float
    own_clip: float
    run: float
    fold: float


def measure(arms: Sequence[Arm], run: float, fold: float, lasting: float) -> Components:
    """Components of cells that were tested on the same clips.

    Args:
        arms: The cells.
        run: Variance of a run's accuracy.
        fold: Variance of a fold's accuracy.
        lasting: Where no cell has two seeds: share of a cell's own luck with a clip that other seeds repeat.
    """
    rest = [_residuals(arm) for arm in arms]  # cell -> fold -> (S, N)
    mean = float(np.mean([arm.means.mean() for arm in arms]))
    once = [np.concatenate([part.mean(0) for part in cell]) for cell in rest]
    codes = np.concatenate(arms[0].groups[1])
    own_group = float(np.mean([_within(one, one, codes) for one in once]))
    others = [(i, j) for i in range(len(once)) for j in range(i)]
    group = float(np.mean([_within(once[i], once[j], codes) for i, j in others])) if others else own_group
    clip = float(np.mean([np.mean(once[i] * once[j]) for i, j in others])) if others else group
    again = [_repeated(part) for cell in rest for part in cell if len(part) > 1]
    spread = float(np.mean([np.mean(part**2) for cell in rest for part in cell]))
    repeated = float(np.mean(again)) if again else clip + lasting * (spread - clip)
    threshold = norm.ppf(mean)
    latent = [_latent(value, threshold) for value in (group, own_group, clip, repeated)]
    own = latent[1] - latent[0]
    parts = np.maximum([latent[0], own, latent[2] - latent[0], latent[3] - latent[2] - own], 0.0)
    parts *= min(1.0, LARGEST / max(parts.sum(), 1e-12))
    first, second, third, fourth = map(float, parts)
    return Components(mean, first, second, third, fourth, np.sqrt(max(run, 0.0)), np.sqrt(max(fold, 0.0)))


def lasting(arms: Sequence[Arm]) -> float:
    """Share of a cell's own luck with a clip that its other seeds repeat; of cells with two seeds or more."""
    rest = [part for arm in arms for part in _residuals(arm) if len(part) > 1]
    return float(np.mean([_repeated(part) for part in rest]) / np.mean([np.mean(part**2) for part in rest]))


def draw(
    measured: Components,
    layout: Sequence[Fold],
    cells: int,
    seeds: int,
    random: np.random.Generator,
    gains: Sequence[float] = (),
) -> list[tuple[Fold, ...]]:
    """Folds of cells whose long-run accuracy is `measured.accuracy`, plus `gains` in turn."""
    clips = np.unique(np.concatenate([fold.clips for fold in layout]), return_inverse=True)[1]
    groups = np.unique(np.concatenate([fold.groups for fold in layout]), return_inverse=True)[1]
    bounds = np.cumsum([len(fold.clips) for fold in layout])[:-1]
    levels = norm.ppf(measured.accuracy + np.resize(gains or (0.0,), cells))
    slope = norm.pdf(norm.ppf(measured.accuracy))
    run, fold = (measured.run / slope) ** 2, (measured.fold / slope) ** 2
    rest = max(1 - measured.group - measured.own_group - measured.clip - measured.own_clip, 1 - LARGEST)
    scale = np.sqrt(1 + run + fold)  # so that the accuracy is met in the mean over runs and folds
    ones = [(measured.group, groups), (measured.clip, clips)]
    shared = sum(np.sqrt(v) * random.normal(size=code.max() + 1)[code] for v, code in ones)
    made = []
    for cell in range(cells):
        own = [(measured.own_group, groups), (measured.own_clip, clips)]
        lasts = shared + sum(np.sqrt(v) * random.normal(size=code.max() + 1)[code] for v, code in own)
        folds = []
        for part, place in zip(np.split(lasts, bounds), layout):
            level = scale * levels[cell] + np.sqrt(fold) * random.normal()
            runs = level + np.sqrt(run) * random.normal(size=(seeds, 1))
            chance = np.sqrt(rest) * random.normal(size=(seeds, len(part)))
            hits = (runs + part + chance > 0).astype(float)
            folds.append(Fold(place.fold, np.arange(seeds), place.clips, place.groups, place.labels, hits))
        made.append(tuple(folds))
    return made


def _residuals(arm: Arm) -> list[np.ndarray]:
    """Hits less the cell's mean on their class, fold by fold: (S, N)."""
    parts = []
    for fold in arm.folds:
        labels = np.unique(fold.labels, return_inverse=True)[1]
        means = np.bincount(labels, weights=fold.hits.mean(0)) / np.bincount(labels)
        parts.append(fold.hits - means[labels])
    return parts


def _within(first: np.ndarray, second: np.ndarray, codes: np.ndarray) -> float:
    """Mean product of two different clips of a group."""
    sizes = np.bincount(codes)
    sums = np.bincount(codes, weights=first) * np.bincount(codes, weights=second)
    pairs = float((sizes * (sizes - 1)).sum())
    return float((sums.sum() - (first * second).sum()) / pairs) if pairs else 0.0


def _repeated(part: np.ndarray) -> float:
    """Mean product of one clip's residuals under two seeds, of (S, N)."""
    count = len(part)
    return float(np.mean((part.sum(0) ** 2 - (part**2).sum(0)) / (count * (count - 1))))


def _latent(covariance: float, threshold: float) -> float:
    """The correlation of two standard normals whose exceedances have this covariance."""
    if covariance <= 0:
        return 0.0
    if covariance >= _covariance(LARGEST, threshold):
        return LARGEST
    return float(brentq(lambda r: _covariance(r, threshold) - covariance, 0.0, LARGEST))


def _covariance(correlation: float, threshold: float) -> float:
    chances = norm.cdf((threshold + np.sqrt(correlation) * NODES) / np.sqrt(1 - correlation))
    weights = MASS / MASS.sum()
    return float(weights @ chances**2 - (weights @ chances) ** 2)

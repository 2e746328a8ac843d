"""Weighted sums of cells' accuracies under the one model of the noise (`noise_model`)."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from vidattn.bench.analysis import noise_model, run_variance
from vidattn.bench.analysis.noise_model import Estimate, Term
from vidattn.bench.analysis.run_variance import Arm
from vidattn.bench.analysis.samples import Fold
from vidattn.bench.results.reader import Results

Weights = Mapping[str, float]  # cell -> its weight
Shares = Mapping[int | str, float]  # fold -> its weight in a cell's mean


def accuracy(results: Results, cell: str, classes: list[str] | None = None, metric: str = "top1") -> Estimate:
    """Accuracy of a cell with its interval, over the clips of some classes or all."""
    folds = run_variance.arm(results, cell, classes, metric).folds
    if not folds:
        return Estimate()
    value, terms, groups = over_folds([(1.0, folds)])
    shares = {fold.fold: 1 / len(folds) for fold in folds}
    terms += _run_terms(results, {cell: 1.0}, {cell: shares}, classes, metric)
    return noise_model.accuracy(value, terms, groups, _predictions(folds))


def paired(results: Results, weights: Weights, classes: list[str] | None = None) -> Estimate:
    """A weighted sum of cells tested on the same clips, fold by fold, over the folds that all have.

    None where they share no fold or were tested on other clips in one: then see `unpaired`.
    """
    arms = {cell: run_variance.arm(results, cell, classes) for cell in weights}
    shared = set.intersection(*({fold.fold for fold in arm.folds} for arm in arms.values()))
    parts = {cell: tuple(f for f in arm.folds if f.fold in shared) for cell, arm in arms.items()}
    if not shared or not same_clips(list(parts.values())):
        return Estimate()
    value, terms, groups = over_folds([(weights[cell], folds) for cell, folds in parts.items()])
    shares = dict.fromkeys(weights, dict.fromkeys(shared, 1 / len(shared)))
    terms += _run_terms(results, weights, shares, classes)
    return noise_model.estimate(value, terms, groups, min(map(_predictions, parts.values())))


def unpaired(results: Results, weights: Weights) -> Estimate:
    """A weighted sum of cells of different splits, over the n clips that every one of them was tested on."""
    arms = {cell: run_variance.arm(results, cell) for cell in weights}
    tested = [{clip for fold in arm.folds for clip in fold.clips} for arm in arms.values()]
    clips = np.array(sorted(set.intersection(*tested)))
    if not len(clips):
        return Estimate()
    shares, total, groups, labels = {}, np.zeros(len(clips)), None, None
    for cell, arm in arms.items():
        values, shares[cell], groups, labels = _by_clip(arm, clips)
        total += weights[cell] * values
    merged = Fold(0, np.zeros(1), clips, groups, labels, total[None])
    value, terms, count = over_folds([(1.0, (merged,))])
    terms += _run_terms(results, weights, shares, None)
    return noise_model.estimate(value, terms, count, len(clips))


def of_values(values: np.ndarray, groups: np.ndarray, runs: np.ndarray) -> Estimate:
    """Mean over runs of any values (N,) with its interval, of one model alone; all arguments are (N,)."""
    folds = _by_run(values, groups, runs)
    value, terms, count = over_folds([(1.0, folds)])
    fold = run_variance.fold_term([Arm(folds)], []) or run_variance.UNKNOWN
    return noise_model.estimate(value, [*terms, _scaled(fold, 1 / len(folds))], count, len(values))


def clip_error(values: np.ndarray, groups: np.ndarray, runs: np.ndarray) -> float:
    """Standard error over clips alone of a mean over runs; all values (N,)."""
    return float(np.sqrt(over_folds([(1.0, _by_run(values, groups, runs))])[1][0].size))


def _by_run(values: np.ndarray, groups: np.ndarray, runs: np.ndarray) -> tuple[Fold, ...]:
    """Each run as a fold of one seed, of clips without classes."""
    folds = []
    for number, run in enumerate(sorted(set(runs))):
        mine = np.asarray(runs) == run
        names, same = np.asarray(groups)[mine], np.zeros(mine.sum())
        hits = np.asarray(values, dtype=float)[mine][None]
        folds.append(Fold(number, np.zeros(1), np.arange(len(same)), names, same, hits))
    return tuple(folds)


def over_folds(parts: list[tuple[float, tuple[Fold, ...]]]) -> tuple[float, list[Term], int]:
    """The weighted sum, the term of its variance that clips are, and the number of groups."""
    folds = [
        replace(same[0], hits=sum(w * fold.hits.mean(0) for (w, _), fold in zip(parts, same))[None])
        for same in zip(*(folds for _, folds in parts))
    ]
    merged = Arm(tuple(folds))
    names, _, stratum = merged.groups
    whole = sum(part[0] for part in merged.influences) / len(folds)
    covariance, freedom = noise_model.clip_covariance(whole[None], stratum)
    size = float(covariance[0, 0])
    return float(merged.means.mean()), [Term(size, size, freedom)], len(names)


def same_clips(parts: list[tuple[Fold, ...]]) -> bool:
    """Whether cells were tested on the same clips in each of these folds."""
    first = parts[0]
    return all(
        np.array_equal(a.clips, b.clips) for other in parts[1:] for a, b in zip(first, other, strict=True)
    )


def _run_terms(
    results: Results,
    weights: Weights,
    shares: Mapping[str, Shares],
    classes: list[str] | None,
    metric: str = "top1",
) -> list[Term]:
    """The terms of runs and of folds, added up over cells; `shares` are the weights of a cell's folds."""
    # One estimate may serve several cells: its error does not average out between them.
    runs: dict[Term, float] = {}
    folds: dict[Term, float] = {}
    for cell, weight in weights.items():
        noise = run_variance.of(results, cell, classes, metric)
        seeds = {f.fold: len(f.seeds) for f in run_variance.arm(results, cell, classes, metric).folds}
        squares = {fold: (weight * share) ** 2 for fold, share in shares[cell].items()}
        runs[noise.run] = runs.get(noise.run, 0.0) + sum(square / seeds[f] for f, square in squares.items())
        folds[noise.fold] = folds.get(noise.fold, 0.0) + sum(squares.values())
    scaled = [[_scaled(term, scale) for term, scale in terms.items()] for terms in (runs, folds)]
    return [_floored(scaled[0]), *scaled[1]]


def _scaled(term: Term, scale: float) -> Term:
    return Term(scale * term.size, scale * term.estimate, term.freedom)


def _floored(terms: list[Term]) -> Term:
    """Terms of several cells as one, zero where they are negative by chance."""
    estimate = sum(term.estimate for term in terms)
    spread = sum(term.estimate**2 / term.freedom for term in terms if term.estimate)
    size = sum(term.size for term in terms)
    size = size if np.isnan(size) else max(size, 0.0)
    return Term(size, estimate, estimate**2 / spread if spread else np.inf)


def _predictions(folds: tuple[Fold, ...]) -> int:
    return sum(fold.hits.size for fold in folds)


def _by_clip(arm: Arm, clips: np.ndarray) -> tuple[np.ndarray, Shares, np.ndarray, np.ndarray]:
    """Of the clips named: mean over the folds that tested each, the folds' weights, groups and labels."""
    sums, times = np.zeros((2, len(clips)))
    groups, labels = np.empty((2, len(clips)), dtype=object)
    places = {}
    for fold in arm.folds:
        place = np.minimum(np.searchsorted(clips, fold.clips.astype(clips.dtype)), len(clips) - 1)
        mine = clips[place] == fold.clips
        places[fold.fold] = place = place[mine]
        sums[place] += fold.hits.mean(0)[mine]
        times[place] += 1
        groups[place], labels[place] = fold.groups[mine], fold.labels[mine]
    shares = {fold: float((1 / times[place]).sum()) / len(clips) for fold, place in places.items()}
    return sums / times, shares, groups, labels

"""What training runs vary by: the run and fold variances of `noise_model`, of a cell and of its protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vidattn.bench.analysis import noise_model, samples, untrained
from vidattn.bench.analysis.noise_model import Term
from vidattn.bench.analysis.samples import Fold
from vidattn.bench.results.reader import Results, coordinates

UNKNOWN, NOTHING = Term(np.nan, np.nan, np.nan), Term(0.0, 0.0, np.inf)


@dataclass(frozen=True)
class RunNoise:
    """Of one cell: variance of a run's mean and of a fold's, beyond what clips explain, and where from."""

    run: Term
    fold: Term
    source: str


@dataclass(frozen=True)
class Arm:
    """A cell's folds as a matrix of what each group adds to each mean."""

    folds: tuple[Fold, ...]

    @cached_property
    def tests(self) -> int:
        """What was tested in which fold: equal for cells that can be compared fold by fold."""
        return hash(tuple((fold.fold, fold.clips.tobytes()) for fold in self.folds))

    @cached_property
    def groups(self) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
        """Names (G,), codes (N,) of each fold, stratum (G,)."""
        names, codes = np.unique(np.concatenate([fold.groups for fold in self.folds]), return_inverse=True)
        sizes = [len(fold.clips) for fold in self.folds]
        labels = np.concatenate([fold.labels for fold in self.folds])
        stratum = noise_model.strata(codes, labels, np.repeat(np.arange(len(sizes)), sizes))
        return names, np.split(codes, np.cumsum(sizes)[:-1]), stratum

    @cached_property
    def influences(self) -> list[np.ndarray]:
        """(S, G) of each fold: what each group adds to the mean of each of its runs."""
        names, codes, _ = self.groups
        pairs = zip(self.folds, codes)
        return [noise_model.influence(fold.hits, code, len(names)) for fold, code in pairs]

    @cached_property
    def means(self) -> np.ndarray:
        """(F,) mean over seeds and clips of each fold."""
        return np.array([fold.hits.mean() for fold in self.folds])

    @cached_property
    def seeds(self) -> np.ndarray:
        """(F,) runs of each fold."""
        return np.array([len(fold.seeds) for fold in self.folds])

    @cached_property
    def run(self) -> Term | None:
        """Variance of run means within a fold, less what clips explain; perhaps negative, by chance."""
        freedom = int((self.seeds - 1).sum())
        if not freedom:
            return None
        spread = explained = 0.0
        for fold, parts in zip(self.folds, self.influences):
            means = fold.hits.mean(1)
            spread += float(((means - means.mean()) ** 2).sum())
            apart = parts - parts.mean(0)
            explained += float(np.trace(noise_model.clip_covariance(apart, self.groups[2])[0]))
        return Term((spread - explained) / freedom, spread / freedom, freedom)


def arm(results: Results, cell: str, classes: list[str] | None = None, metric: str = "top1") -> Arm:
    """A cell's runs that can be used, on the clips of some classes or all."""
    key = ("arm", cell, tuple(classes or ()), metric)
    if key not in results.cache:
        results.cache[key] = Arm(samples.load(results, cell, classes, metric))
    return results.cache[key]


def of(results: Results, cell: str, classes: list[str] | None = None, metric: str = "top1") -> RunNoise:
    """The run and fold variance of a cell; unknown where no cell of its protocol shows any."""
    where = coordinates(cell)
    if not untrained.trained(where["architecture"]):
        return RunNoise(NOTHING, NOTHING, "nothing is trained")
    mine = arm(results, cell, classes, metric)
    key = ("noise", where["dataset"], where["protocol"], tuple(classes or ()), metric)
    if key not in results.cache:
        peers = _peers(results, where, classes, metric)
        runs = [peer.run for peer in peers if peer.run]
        results.cache[key] = (runs, fold_term(peers, runs), sum(map(len, _alike(peers))))
    runs, fold, peers = results.cache[key]
    if mine.folds and mine.run:
        return RunNoise(mine.run, fold or NOTHING, "own seeds")
    if runs:
        return RunNoise(pool(runs), fold or NOTHING, _said(len(runs), "protocol"))
    if fold:  # with one seed each, what folds differ by holds what runs differ by
        return RunNoise(NOTHING, fold, _said(peers, "protocol, from folds"))
    return RunNoise(UNKNOWN, UNKNOWN, "unknown: one run of each cell")


def _said(count: int, where: str) -> str:
    return f"pooled over {count} cell{'s' * (count > 1)} of the {where}"


def pool(terms: Sequence[Term]) -> Term:
    """Mean of terms by their degrees of freedom."""
    weights = np.array([term.freedom for term in terms])
    sizes, estimates = (np.array([getattr(x, name) for x in terms]) for name in ("size", "estimate"))
    total = float(weights.sum())
    return Term(float(sizes @ weights) / total, float(estimates @ weights) / total, total)


def _peers(results: Results, where: dict[str, str], classes: list[str] | None, metric: str) -> list[Arm]:
    """The cells of a data set and protocol, less the probe and those without runs."""
    places = {name: coordinates(name) for name in results.ids}
    arms = [
        arm(results, name, classes, metric)
        for name, other in places.items()
        if all(other[key] == where[key] for key in ("dataset", "protocol"))
        and untrained.trained(other["architecture"])
    ]
    return [each for each in arms if each.folds]


def fold_term(peers: list[Arm], runs: list[Term]) -> Term | None:
    """Variance over folds of what a cell's mean differs by from the others', beyond clips and runs.

    Of every set of cells tested on the same clips in two folds or more, pooled. Without a set
    of two, one cell alone keeps what it shares with others: that test sides differ is then in
    the estimate too.
    """
    terms = [_fold_term(alike, runs) for alike in _alike(peers)]
    if not terms:
        return None
    whole = terms[0] if len(terms) == 1 else pool(terms)
    return Term(max(whole.size, 0.0), whole.estimate, whole.freedom)


def _alike(peers: list[Arm]) -> list[list[Arm]]:
    """The sets of cells tested on the same clips in several folds; of one cell if need be."""
    sets: dict[int, list[Arm]] = {}
    for peer in peers:
        if len(peer.folds) > 1:
            sets.setdefault(peer.tests, []).append(peer)
    return [alike for alike in sets.values() if len(alike) > 1] or list(sets.values())


def _fold_term(alike: list[Arm], runs: list[Term]) -> Term:
    """The same of one set; perhaps negative, by chance."""
    means = np.stack([peer.means for peer in alike])  # (C, F)
    parts = np.stack([[u.mean(0) for u in peer.influences] for peer in alike])  # (C, F, G)
    cells, folds = means.shape
    if cells > 1:
        means, parts = means - means.mean(0), parts - parts.mean(0)
    freedom = max(cells - 1, 1) * (folds - 1)
    spread = float(((means - means.mean(1, keepdims=True)) ** 2).sum()) / freedom
    stratum = alike[0].groups[2]
    explained = 0.0
    for one in parts:
        covariance = noise_model.clip_covariance(one, stratum)[0]
        shared = (covariance.sum() - np.trace(covariance)) / (folds - 1)
        explained += float(np.trace(covariance) - shared) * (folds - 1) / folds / freedom
    run = max(pool(runs).size, 0.0) if runs else 0.0
    inside = run * float(np.mean([(1 / peer.seeds).mean() for peer in alike]))
    return Term(spread - explained - inside, spread, freedom)

"""Test clips of a random split with a sibling outside of the test set, and those without."""

from collections import Counter
from pathlib import Path

import numpy as np

from vidattn.bench.analysis import contrasts, samples
from vidattn.bench.analysis.noise_model import Estimate
from vidattn.bench.analysis.samples import Fold
from vidattn.bench.results.reader import Results, coordinates


def accuracies(results: Results, cells: list[str]) -> dict[str, tuple[Estimate, ...]]:
    """Cell -> top-1 of its test clips with a sibling in training or validation, and of those without.

    Siblings are clips of one group (source video). How many a group has is read from the predictions of all
    cells of the data set: where no run ever tested a sibling, its clip counts as one without. Intervals hold
    for other clips and other training runs, with the variance over runs of these clips alone.

    Args:
        results: What was measured.
        cells: Of one data set and protocol: what they vary by from run to run is pooled over them.
    """
    if not cells:
        return {}
    found = results.once(["siblings", *cells], cells, lambda: _accuracies(results, cells))
    return {cell: tuple(Estimate(**arm) for arm in arms) for cell, arms in found.items()}


def _accuracies(results: Results, cells: list[str]) -> dict[str, list[dict]]:
    sizes = _group_sizes(results, coordinates(cells[0])["dataset"])
    with_sibling, without = (Results(Path(results.root), cells) for _ in range(2))
    for cell in cells:
        folds = samples.load(results, cell)
        for part, wanted in ((with_sibling, True), (without, False)):
            kept = (_of(fold, sizes, wanted) for fold in folds)
            part.cache["folds", cell, "top1"] = tuple(fold for fold in kept if len(fold.clips))
    arms = (with_sibling, without)
    return {cell: [vars(contrasts.accuracy(arm, cell)) for arm in arms] for cell in cells}


def _of(fold: Fold, sizes: dict[str, int], wanted: bool) -> Fold:
    """The clips of a fold that have a sibling outside of its test set, or those that have none."""
    names, places, tested = np.unique(fold.groups, return_inverse=True, return_counts=True)
    outside = np.array([sizes[name] for name in names]) > tested
    kept = outside[places] == wanted
    clips, groups, labels = (values[kept] for values in (fold.clips, fold.groups, fold.labels))
    return Fold(fold.fold, fold.seeds, clips, groups, labels, fold.hits[:, kept])


def _group_sizes(results: Results, dataset: str) -> dict[str, int]:
    """Group -> its clips that any run tested."""
    clips: set[tuple[str, str]] = set()
    for cell in results.ids:
        if coordinates(cell)["dataset"] == dataset:
            for fold in samples.load(results, cell):
                clips.update(zip(fold.groups.tolist(), fold.clips.tolist()))
    return Counter(group for group, _ in clips)

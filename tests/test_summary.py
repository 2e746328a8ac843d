"""Comparisons of cells, worked out by hand."""

import pandas as pd
import pytest
import synthetic

from vidattn.bench import summary
from vidattn.bench.results import Results

CONTROL, CELL = "actors-tiny-none-lstm-clean", "actors-tiny-cbam-lstm-clean"
CLIP = pd.DataFrame({"clip": ["a"], "group": ["g"], "label": ["bow"], "prediction": ["bow"], "rank": [1]})


def improvement(root, scores):
    """That of CELL over CONTROL; `scores` are {cell: {fold: top-1 of its seeds}}."""
    for cell, folds in scores.items():
        for fold, values in folds.items():
            for seed, value in enumerate(values):
                metrics = {"top1": value, "top5": 1.0, "per_class": value}
                synthetic.write_run(root, cell, fold, seed, CLIP, metrics=metrics)
    return summary.versus(Results(root), [(CELL, CONTROL)])["improvement"].item()


def test_improvement_compares_within_a_fold(tmp_path):
    """One point better on each of three folds is better on every fold, whatever the folds differ by."""
    control = {1: [0.60], 2: [0.70], 3: [0.80]}
    better = {1: [0.61], 2: [0.71], 3: [0.81]}
    assert improvement(tmp_path, {CONTROL: control, CELL: better}) == 1.0


def test_improvement_is_the_mean_over_shared_folds(tmp_path):
    """Fold 1: 3 of 4 pairs and a tie, 0.875; fold 2: none of 2, 0; fold 3 is of one cell alone."""
    control = {1: [0.5, 0.6], 2: [0.9]}
    cell = {1: [0.6, 0.7], 2: [0.1, 0.2], 3: [1.0]}
    assert improvement(tmp_path, {CONTROL: control, CELL: cell}) == pytest.approx(0.4375)

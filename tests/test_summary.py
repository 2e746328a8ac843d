"""Comparisons of cells, worked out by hand."""

import numpy as np
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


def recognised(right):
    """Ten clips of one class, of which this many are recognised."""
    rows = [(f"c{i}", f"g{i}", "bow", "bow" if i < right else "nod", 1) for i in range(10)]
    return pd.DataFrame(rows, columns=CLIP.columns)


def test_p_over_trainings_by_hand(tmp_path):
    """Differences of 0.1, 0.2, 0.3, twice as many training clips as test clips.

    t = 0.2 / sqrt(0.1^2 (1/3 + 1/2)) = 2.191 on 2 degrees, where p = 1 - t / sqrt(t^2 + 2). The plain test
    has p = 0.074: it takes the training sides as drawn anew each time.
    """
    for fold in (1, 2, 3):
        for cell, right in ((CONTROL, 0), (CELL, fold)):
            synthetic.write_run(tmp_path, cell, fold, 0, recognised(right), n_train=20)
    results = Results(tmp_path)
    assert summary.over_trainings(results, CELL, CONTROL) == pytest.approx(0.1598, abs=1e-4)
    assert summary.over_trainings(results, CELL, CELL) == 1.0
    assert summary.over_trainings(results, CELL, CONTROL, ["bow"]) == pytest.approx(0.1598, abs=1e-4)
    assert np.isnan(summary.over_trainings(results, CELL, CONTROL, ["nod"]))
    assert summary.versus(results, [(CELL, CONTROL)])["p_trainings"].item() == pytest.approx(0.1598, abs=1e-4)


def test_one_lucky_training_makes_nothing_clear():
    """As of heads whose last epoch is a lottery: two trainings alike, one far apart."""
    rows = pd.DataFrame(
        {"p_holm": [0.001, 0.001, 0.001], "p_trainings": [0.3, 0.01, np.nan], "runs": [3, 3, 1]}
    )
    assert summary.clear(rows).tolist() == [False, True, False]

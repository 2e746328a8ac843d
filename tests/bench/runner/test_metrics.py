"""Metrics against cases worked out by hand; a new one trains nothing."""

import numpy as np
import pytest

from vidattn.bench.runner.metrics import all_metrics, per_class, ranks, top1, top5

SCORES = np.array([[3.0, 1, 2], [0, 5, 1], [1, 1, 0], [2, 3, 4]])
LABELS = np.array([0, 1, 0, 0])


def test_top1_per_class_and_top5():
    assert top1(SCORES, LABELS) == 0.75
    assert per_class(SCORES, LABELS) == pytest.approx((2 / 3 + 1) / 2)
    assert top5(SCORES, LABELS) == 1.0


def test_of_equal_scores_the_first_class_is_the_prediction():
    """Constant scores are right for the first class alone: one clip of four is of another."""
    scores, labels = np.zeros((4, 6)), np.array([0, 5, 4, 1])
    assert ranks(scores, labels).tolist() == [1, 6, 5, 2]
    assert all_metrics(scores, labels) == {"top1": 0.25, "top5": 0.75, "per_class": 0.25}
    assert (ranks(SCORES, LABELS) == 1).tolist() == (SCORES.argmax(1) == LABELS).tolist()


def test_what_is_no_number_is_never_right():
    scores = np.full((2, 3), np.nan)
    scores[1] = [np.nan, 0, 1]
    assert (ranks(scores, np.array([0, 2])) > 1).all()

"""Metrics against cases worked out by hand; a new one trains nothing."""

import numpy as np
import pytest

from vidattn.bench.runner.metrics import all_metrics, per_class, top1, top5

SCORES = np.array([[3.0, 1, 2], [0, 5, 1], [1, 1, 0], [2, 3, 4]])
LABELS = np.array([0, 1, 0, 0])


def test_top1_per_class_and_top5():
    assert top1(SCORES, LABELS) == 0.5
    assert per_class(SCORES, LABELS) == pytest.approx((1 / 3 + 1) / 2)
    assert top5(SCORES, LABELS) == 1.0


def test_constant_scores_are_never_right():
    assert all_metrics(np.zeros((4, 6)), LABELS) == {"top1": 0.0, "top5": 0.0, "per_class": 0.0}

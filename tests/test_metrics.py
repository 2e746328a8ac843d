"""Metrics and fusion against cases worked out by hand."""

import numpy as np
import pytest

from vidattn.bench import fuse
from vidattn.bench.metrics import all_finite, all_metrics, per_class, ranks, softmax, top1, top5

SCORES = np.array([[3.0, 1, 2], [0, 5, 1], [1, 1, 0], [2, 3, 4]])
LABELS = np.array([0, 1, 0, 0])


def test_ranks_count_ties_against_the_model():
    assert ranks(SCORES, LABELS).tolist() == [1, 1, 2, 3]


def test_top1_per_class_and_top5():
    assert top1(SCORES, LABELS) == 0.5
    assert per_class(SCORES, LABELS) == pytest.approx((1 / 3 + 1) / 2)
    assert top5(SCORES, LABELS) == 1.0


def test_constant_scores_are_never_right():
    assert all_metrics(np.zeros((4, 6)), LABELS) == {"top1": 0.0, "top5": 0.0, "per_class": 0.0}


def test_what_is_no_number_ranks_last():
    nan = np.nan
    assert ranks(np.array([[nan, nan, nan], [nan, 1, 0], [2, nan, 1]]), np.array([0, 0, 0])).tolist() == [
        3,
        3,
        2,
    ]
    assert top1(np.full((4, 6), nan), LABELS) == 0.0


def test_scores_that_are_no_numbers_are_an_error_that_names_the_clip():
    all_finite(SCORES, ["a", "b", "c", "d"], "test", "run-1-0")
    wrong = SCORES.copy()
    wrong[[1, 3], [2, 0]] = np.nan, np.inf
    message = "run-1-0: 2 of 4 test clips have scores that are not finite, first .b..*learning_rate"
    with pytest.raises(FloatingPointError, match=message):
        all_finite(wrong, ["a", "b", "c", "d"], "test", "run-1-0")


def test_softmax_by_hand():
    np.testing.assert_allclose(softmax(np.log([[1.0, 2, 1]])), [[0.25, 0.5, 0.25]])


def test_average_fusion_is_the_mean_of_probabilities():
    first, second = np.log([[0.8, 0.2]]), np.log([[0.4, 0.6]])
    np.testing.assert_allclose(np.exp(fuse.fuse([first, second], 0.5)), [[0.6, 0.4]], rtol=1e-6)
    np.testing.assert_allclose(np.exp(fuse.fuse([first, second], 1.0)), [[0.8, 0.2]], rtol=1e-6)


def test_weight_goes_to_the_better_stream():
    good, bad = np.eye(3), -np.eye(3) * 9
    assert fuse.best_weight([good, bad], np.arange(3)) > 0.5
    assert fuse.best_weight([bad, good], np.arange(3)) < 0.5
    assert fuse.best_weight([good, good], np.arange(3)) == 0.5


def test_svm_fusion_learns_which_stream_to_trust():
    rng = np.random.default_rng(0)
    labels = {"validation": rng.integers(0, 3, 90), "test": rng.integers(0, 3, 60)}
    streams = {r: [rng.normal(size=(len(y), 3)), np.eye(3)[y] * 6] for r, y in labels.items()}
    fused = fuse.svm(streams, labels["validation"])
    assert top1(fused["test"], labels["test"]) > 0.95


def test_fusion_without_validation_clips_says_so():
    with pytest.raises(ValueError, match="needs validation clips"):
        fuse.combine({"test": [SCORES, SCORES]}, {"test": LABELS}, "weighted")
    with pytest.raises(ValueError, match="Expected one of: average"):
        fuse.combine({}, {}, "mean")

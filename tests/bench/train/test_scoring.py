"""What training judges scores by, against cases worked out by hand."""

import numpy as np
import pytest

from vidattn.bench.train.scoring import all_finite, ranks, softmax, top1

SCORES = np.array([[3.0, 1, 2], [0, 5, 1], [1, 1, 0], [2, 3, 4]])
LABELS = np.array([0, 1, 0, 0])


def test_ranks_count_ties_against_the_model():
    assert ranks(SCORES, LABELS).tolist() == [1, 1, 2, 3]


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

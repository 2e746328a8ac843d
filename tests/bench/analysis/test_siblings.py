"""Clips with and without a sibling outside of the test set, counted by hand."""

import numpy as np
import pytest

from vidattn.bench.analysis import siblings
from vidattn.bench.analysis.samples import Fold
from vidattn.bench.report.tables import leakage_siblings
from vidattn.bench.results.reader import Results

LEAKY, CLEAN = "set-tiny-none-lstm-random", "set-tiny-none-lstm-groups"


def fold(number, clips, hits):
    """A fold of one seed; a clip `g1` is the first of group g."""
    groups = np.array([clip[0] for clip in clips])
    return Fold(number, np.zeros(1), np.array(clips), groups, np.zeros(len(clips)), np.array([hits], float))


@pytest.fixture
def results(tmp_path):
    """Draw 1 tests all of group b, and one of three clips of a and of c, of which the clean split knows."""
    made = Results(tmp_path, [LEAKY, CLEAN], compare={"leakage": ["random", "groups"]})
    made.__dict__["records"] = {LEAKY: [{}], CLEAN: [{}]}
    made.cache["folds", LEAKY, "top1"] = (
        fold(1, ["a1", "b1", "b2", "c1"], [1, 0, 1, 1]),
        fold(2, ["a1", "a2", "b1", "b2", "c1"], [1, 0, 0, 0, 1]),
    )
    made.cache["folds", CLEAN, "top1"] = (
        fold(1, ["a1", "a2", "a3", "b1", "b2"], [1, 1, 0, 0, 0]),
        fold(2, ["c1", "c2", "c3"], [1, 0, 0]),
    )
    return made


def test_accuracies_of_both_kinds_by_hand(results):
    with_sibling, without = siblings.accuracies(results, [LEAKY])[LEAKY]
    assert (with_sibling.value, with_sibling.n) == (pytest.approx((1 + 2 / 3) / 2), 5)
    assert (without.value, without.n) == (pytest.approx((1 / 2 + 0) / 2), 4)


def test_the_table_sets_the_clean_split_beside_it(results):
    row = leakage_siblings.table(results, {}).iloc[0]
    assert (row["with_sibling_n"], row["without_sibling_n"], row["clean_n"]) == (5, 4, 8)
    assert row["clean"] == pytest.approx((2 / 5 + 1 / 3) / 2)
    without = Results(results.root, [LEAKY, CLEAN])
    without.__dict__["records"] = results.records
    assert leakage_siblings.table(without, {}).empty

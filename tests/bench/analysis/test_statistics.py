"""Small statistics against a second implementation or a worked example."""

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

from vidattn.bench.analysis import statistics


def test_holm_by_hand_and_by_statsmodels():
    """Holm 1979: 0.01, 0.04, 0.03, 0.005 -> times 3, 1, 2, 4 with the running maximum."""
    p = np.array([0.01, 0.04, np.nan, 0.03, 0.005])
    corrected = statistics.holm(p)
    np.testing.assert_allclose(corrected, [0.03, 0.06, np.nan, 0.06, 0.02])
    there = ~np.isnan(p)
    np.testing.assert_allclose(corrected[there], multipletests(p[there], method="holm")[1])
    assert np.isnan(statistics.holm(np.array([np.nan]))).all()


def test_a_family_keeps_the_size_it_was_planned_with():
    """Four planned, two run: times 4 and 3, as statsmodels has it with a p of 1 for each that was not."""
    p = np.array([0.01, 0.03])
    np.testing.assert_allclose(statistics.holm(p, 4), [0.04, 0.09])
    np.testing.assert_allclose(statistics.holm(p, 4), multipletests([*p, 1, 1], method="holm")[1][:2])


def test_holm_within_families_by_hand():
    """a: 0.01, 0.04 -> 0.02, 0.04; b: 0.03, 0.02 -> 0.04, 0.04; a missing one counts in no family."""
    p = np.array([0.01, 0.03, 0.04, np.nan, 0.02])
    families = [("a", 1), ("b", 1), ("a", 1), ("a", 1), ("b", 1)]
    np.testing.assert_allclose(statistics.holm_within(p, families), [0.02, 0.04, 0.04, np.nan, 0.04])
    sizes = {("a", 1): 3}
    np.testing.assert_allclose(statistics.holm_within(p, families, sizes), [0.03, 0.04, 0.08, np.nan, 0.04])


def test_probability_of_improvement_is_the_mann_whitney_statistic():
    first, second = [0.5, 0.7, 0.9], [0.5, 0.6]
    expected = scipy_stats.mannwhitneyu(first, second).statistic / 6
    assert statistics.probability_of_improvement(first, second) == pytest.approx(expected) == 4.5 / 6

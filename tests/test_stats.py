"""Every statistic against a second implementation or a worked example."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from vidattn.bench import coverage, stats


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "label": ["a", "a", "a", "b", "b", "c"],
            "prediction": ["a", "a", "b", "b", "c", "c"],
            "rank": [1, 1, 2, 1, 6, 1],
        }
    )


def test_accuracies_by_hand(frame):
    assert stats.top1(frame) == pytest.approx(4 / 6)
    assert stats.top5(frame) == pytest.approx(5 / 6)
    assert stats.per_class(frame) == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)


def test_the_mean_is_over_runs_and_not_over_clips():
    found = stats.interval(np.array([1, 1, 1, 1, 0, 0]), np.arange(6), np.array([1, 1, 1, 1, 2, 2]))
    assert found.value == pytest.approx(0.5)
    assert (found.groups, found.n) == (6, 6)


def test_interval_against_a_plain_loop():
    """The same resampling written as a loop over replicates and groups, and t-widened percentiles by hand."""
    draw = np.random.default_rng(0)
    groups, runs = np.repeat(np.arange(10), 4), np.repeat(np.arange(10) % 2, 4)
    hit = (draw.random(40) < 0.6).astype(float)
    rng, means = np.random.default_rng(7), []
    for _ in range(300):
        weights = rng.multinomial(10, np.full(10, 0.1))
        per_run = []
        for run in (0, 1):
            mine = runs == run
            per_run.append(np.sum(weights[groups[mine]] * hit[mine]) / np.sum(weights[groups[mine]]))
        means.append(np.mean(per_run))
    tail = scipy_stats.norm.cdf(-np.sqrt(10 / 9) * scipy_stats.t.ppf(0.975, 9))
    found = stats.interval(hit, groups, runs, replicates=300, seed=7)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(means, [tail, 1 - tail])))
    assert found.error == pytest.approx(np.std(means, ddof=1) * np.sqrt(10 / 9))


def test_interval_of_independent_clips_is_close_to_the_t_interval():
    hit = np.repeat([1.0, 0.0], [140, 60])
    found = stats.interval(hit, np.arange(200), np.zeros(200), replicates=20000)
    low, high = scipy_stats.t.interval(0.95, 199, 0.7, np.std(hit, ddof=1) / np.sqrt(200))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.006)


def test_many_groups_are_drawn_by_kind_with_the_same_distribution(monkeypatch):
    """A thousand pictures, each its own group: the interval of a plain draw, from other random numbers."""
    hit = np.random.default_rng(0).random(1000) < 0.3
    quick = stats.interval(hit, np.arange(1000), np.zeros(1000))
    monkeypatch.setattr(stats, "MANY", 10**9)
    plain = stats.interval(hit, np.arange(1000), np.zeros(1000))
    assert quick != plain and quick.value == plain.value
    assert (quick.low, quick.high, quick.error) == pytest.approx(
        (plain.low, plain.high, plain.error), abs=2e-3
    )


def test_groups_that_agree_count_once():
    """Ten equal clips a group carry no more than one clip a group."""
    hit = np.array([1, 1, 1, 0, 1, 0, 1, 1], float)
    single = stats.interval(hit, np.arange(8), np.zeros(8))
    tenfold = stats.interval(np.repeat(hit, 10), np.repeat(np.arange(8), 10), np.zeros(80))
    assert (tenfold.low, tenfold.high) == (single.low, single.high)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_right_or_all_wrong_falls_back_on_clopper_and_pearson(value):
    found = stats.interval(np.full(30, value), np.repeat(np.arange(10), 3), np.zeros(30))
    exact = scipy_stats.binomtest(int(10 * value), 10).proportion_ci(0.95, "exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))


def test_one_group_has_no_interval():
    found = stats.interval(np.array([1.0, 0.0]), np.zeros(2), np.zeros(2))
    assert found.value == 0.5 and np.isnan(found.low) and np.isnan(found.high)


def test_difference_is_antisymmetric_and_agrees_with_its_p():
    frame = coverage.clips(24, 0.7, 0.2, np.random.default_rng(1))
    columns = [frame[c].to_numpy() for c in ("first", "second", "group", "run")]
    one = stats.difference(*columns)
    other = stats.difference(columns[1], columns[0], *columns[2:])
    assert one.value == pytest.approx(-other.value) and one.p == pytest.approx(other.p)
    better = np.maximum(columns[0], (np.arange(len(frame)) % 3 == 0).astype(float))
    for pair in ((columns[0], columns[1]), (better, columns[1])):
        found = stats.difference(*pair, *columns[2:])
        assert (found.p < 0.05) == (found.low > 0 or found.high < 0)


def test_difference_of_groups_is_close_to_the_paired_t_test():
    draw = np.random.default_rng(3)
    group = np.repeat(np.arange(60), 5)
    first, second = (draw.random((2, 300)) < np.array([[0.75], [0.62]])).astype(float)
    found = stats.difference(first, second, group, np.zeros(300), replicates=20000)
    gaps = pd.Series(first - second).groupby(group).mean()
    test = scipy_stats.ttest_1samp(gaps, 0)
    assert found.p == pytest.approx(test.pvalue, rel=0.4)
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval(0.95)), abs=0.01)


def test_identical_cells_differ_by_nothing():
    hit = np.array([1, 0, 1, 1, 0, 1], float)
    found = stats.difference(hit, hit, np.arange(6), np.zeros(6))
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_mcnemar_against_the_worked_example():
    """Agresti, Categorical Data Analysis, approval ratings: 794, 150, 86, 570; chi2 with continuity 16.82."""
    counts = {(1, 1): 794, (1, 0): 150, (0, 1): 86, (0, 0): 570}
    first = np.concatenate([np.full(n, a) for (a, _), n in counts.items()])
    second = np.concatenate([np.full(n, b) for (_, b), n in counts.items()])
    assert stats.mcnemar(first, second) == pytest.approx(scipy_stats.chi2.sf((150 - 86 - 1) ** 2 / 236, 1))
    assert pytest.approx(16.82, abs=0.01) == (150 - 86 - 1) ** 2 / 236


def test_mcnemar_is_exact_for_few_discordant_pairs():
    first, second = np.array([1] * 9 + [0] * 2 + [1] * 5), np.array([0] * 9 + [1] * 2 + [1] * 5)
    assert stats.mcnemar(first, second) == pytest.approx(scipy_stats.binomtest(2, 11).pvalue)


def test_corrected_t_by_hand():
    """Differences 1, 2, 3 with n_test/n_train = 1/2: t = 2 / sqrt((1/3 + 1/2) * 1) = 2.1909, p of t(2)."""
    statistic, p = stats.corrected_t(np.array([1.0, 2.0, 3.0]), 200, 100)
    assert statistic == pytest.approx(2 / np.sqrt(5 / 6))
    assert p == pytest.approx(2 * scipy_stats.t.sf(2.19089, 2), rel=1e-4)
    plain = scipy_stats.ttest_1samp([1.0, 2.0, 3.0], 0)
    assert stats.corrected_t(np.array([1.0, 2.0, 3.0]), 1e12, 1)[1] == pytest.approx(plain.pvalue)


def test_corrected_t_without_spread():
    assert stats.corrected_t(np.zeros(3), 2, 1) == (0.0, 1.0)
    assert stats.corrected_t(np.ones(3), 2, 1) == (np.inf, 0.0)
    assert np.isnan(stats.corrected_t(np.ones(1), 2, 1)[1])


def test_holm_within_families_by_hand():
    """a: 0.01, 0.04 -> 0.02, 0.04; b: 0.03, 0.02 -> 0.04, 0.04; a missing one counts in no family."""
    p = np.array([0.01, 0.03, 0.04, np.nan, 0.02])
    found = stats.holm_within(p, [("a", 1), ("b", 1), ("a", 1), ("a", 1), ("b", 1)])
    np.testing.assert_allclose(found, [0.02, 0.04, 0.04, np.nan, 0.04])


def test_holm_by_hand():
    """Holm 1979: 0.01, 0.04, 0.03, 0.005 -> times 3, 1, 2, 4 with the running maximum."""
    found = stats.holm(np.array([0.01, 0.04, np.nan, 0.03, 0.005]))
    np.testing.assert_allclose(found, [0.03, 0.06, np.nan, 0.06, 0.02])
    assert np.isnan(stats.holm(np.array([np.nan]))).all()


def test_probability_of_improvement_is_the_mann_whitney_statistic():
    first, second = [0.5, 0.7, 0.9], [0.5, 0.6]
    expected = scipy_stats.mannwhitneyu(first, second).statistic / 6
    assert stats.probability_of_improvement(first, second) == pytest.approx(expected) == 4.5 / 6


def test_minimal_detectable_difference_has_its_power():
    """A t test on 20 groups with a true difference of that size finds it in about 80 % of the cases."""
    draw = np.random.default_rng(0)
    size = stats.minimal_detectable(1 / np.sqrt(20), 20)
    samples = draw.normal(size, 1, (4000, 20))
    assert np.mean(scipy_stats.ttest_1samp(samples, 0, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("groups", [12, 24])
def test_intervals_cover_and_tests_keep_their_size(groups):
    """200 simulations: outside these bounds with a chance below 1 % each, were the truth 95 % and 5 %."""
    rows = pd.DataFrame(coverage._intervals(groups, 0.7, 0.2, 200, 0)).set_index("quantity")["rate"]
    assert 0.90 <= rows["coverage of the interval"] <= 0.99
    assert 0.90 <= rows["coverage of the difference"] <= 0.99
    assert rows["size of the difference's test"] <= 0.10


def test_a_large_effect_has_a_p_value_of_its_own():
    """18 groups, every one better by about 0.5: no replicate crosses zero, so the bootstrap only bounds p."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(18), 20)
    first, second = (rng.random(360) < rate for rate in (0.9, 0.4))
    found = stats.difference(first, second, groups, np.zeros(360))
    gap = pd.Series(first.astype(float) - second).groupby(groups).mean()
    by_hand = 2 * scipy_stats.t.sf(gap.mean() / (gap.std(ddof=1) / np.sqrt(18)), 17)
    assert abs(np.log10(found.p / by_hand)) < 1
    assert found.p < 1e-6  # still below 0.05 after Holm over any number of comparisons that a table can hold

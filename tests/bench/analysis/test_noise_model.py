"""The noise model's parts against scipy, statsmodels and numbers worked out by hand."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats as scipy_stats

from vidattn.bench.analysis import contrasts, noise_model, run_variance
from vidattn.bench.analysis.noise_model import Term
from vidattn.bench.analysis.run_variance import Arm
from vidattn.bench.analysis.samples import Fold


def fold(hits, groups, labels=None, number=1):
    """One fold of S runs from (S, N) hits."""
    hits = np.atleast_2d(np.asarray(hits, float))
    count = hits.shape[1]
    names = np.array([f"c{i:03d}" for i in range(count)])
    classes = np.zeros(count) if labels is None else np.asarray(labels)
    return Fold(number, np.arange(len(hits)), names, np.asarray(groups), classes, hits)


def test_groups_of_one_clip_give_the_t_interval():
    values = np.random.default_rng(0).normal(size=30)
    _, (term,), groups = contrasts.over_folds([(1.0, (fold(values, np.arange(30)),))])
    found = noise_model.estimate(values.mean(), [term], groups, 30)
    test = scipy_stats.ttest_1samp(values, 0)
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert found.p == pytest.approx(test.pvalue) and found.freedom == 29


def test_clip_variance_is_the_cluster_robust_one_of_statsmodels():
    """Unequal groups; statsmodels' correction is (N - 1) / (N - 1) times G / (G - 1) for a mean."""
    draw = np.random.default_rng(1)
    groups = np.repeat(np.arange(12), draw.integers(1, 6, 12))
    frame = pd.DataFrame({"y": draw.normal(size=len(groups)) + groups % 3, "g": groups})
    fit = smf.ols("y ~ 1", frame).fit(cov_type="cluster", cov_kwds={"groups": frame["g"]})
    (term,) = contrasts.over_folds([(1.0, (fold(frame["y"], groups),))])[1]
    assert np.sqrt(term.size) == pytest.approx(fit.bse["Intercept"])


def test_strata_take_out_what_classes_differ_by():
    """Two classes of two groups each, one clip a group: 0, 2 and 10, 14.

    The mean is of four; within the classes variances are 2 and 8, so 2 / 4^2 * 2 + 2 / 4^2 * 8 = 1.25.
    """
    (term,) = contrasts.over_folds([(1.0, (fold([0, 2, 10, 14], list("abcd"), [0, 0, 1, 1]),))])[1]
    assert term.size == pytest.approx(1.25) and term.freedom == 2
    crossed = contrasts.over_folds([(1.0, (fold([0, 2, 10, 14], list("abab"), [0, 0, 1, 1]),))])[1][0]
    assert crossed.freedom == 1  # groups of both classes are no strata


def test_groups_that_agree_count_once():
    hit = np.array([1, 1, 1, 0, 1, 0, 1, 1], float)
    single = contrasts.over_folds([(1.0, (fold(hit, np.arange(8)),))])[1][0]
    tenfold = contrasts.over_folds([(1.0, (fold(np.repeat(hit, 10), np.repeat(np.arange(8), 10)),))])[1][0]
    assert tenfold == pytest.approx(single)


def test_run_variance_is_the_anova_s():
    """Groups x runs without replication: (MS runs - MS rest) / G of statsmodels."""
    draw = np.random.default_rng(2)
    values = draw.normal(size=(5, 9)) + draw.normal(size=(5, 1)) + draw.normal(size=9)
    run, group = np.meshgrid(range(5), range(9), indexing="ij")
    frame = pd.DataFrame({"y": values.ravel(), "run": run.ravel(), "group": group.ravel()})
    table = smf.ols("y ~ C(run) + C(group)", frame).fit()
    import statsmodels.api as sm

    squares = sm.stats.anova_lm(table)["mean_sq"]
    term = Arm((fold(values, np.arange(9)),)).run
    assert term.size == pytest.approx((squares["C(run)"] - squares["Residual"]) / 9)
    assert term.estimate == pytest.approx(values.mean(1).var(ddof=1)) and term.freedom == 4
    assert Arm((fold(values[:1], np.arange(9)),)).run is None


def test_fold_variance_by_hand():
    """Two cells, three folds, clips without spread: gaps 0.1, 0.2, 0.3 vary by 0.01, by half of it a cell."""
    cells = [
        Arm(tuple(fold(np.full((1, 4), value), list("aabb"), number=i) for i, value in enumerate(values)))
        for values in ((0.5, 0.6, 0.7), (0.4, 0.4, 0.4))
    ]
    term = run_variance.fold_term(cells, [])
    assert (term.size, term.freedom) == (pytest.approx(0.005), 2)
    seen = run_variance.fold_term(cells, [Term(0.002, 0.002, 4)])
    assert seen.size == pytest.approx(0.003)  # of which runs explain a part
    assert run_variance.fold_term([Arm(cells[0].folds[:1])], []) is None


def test_fold_variance_is_pooled_over_sets_of_cells_that_were_tested_alike():
    """Gaps between two cells vary by 0.01 over three folds of one set, by 0.04 over four of another."""

    def cells(gaps, clips):
        kept = (np.zeros(len(gaps)), gaps)
        return [
            Arm(
                tuple(
                    fold(np.full((1, clips), 0.2 + v), np.arange(clips) // 2, number=i)
                    for i, v in enumerate(one)
                )
            )
            for one in kept
        ]

    first, second = cells([0.0, 0.1, 0.2], 4), cells([0.0, 0.0, 0.4, 0.4], 6)
    sizes = [run_variance.fold_term(each, []).size for each in (first, second)]
    assert sizes == pytest.approx([0.01 / 2, 0.16 / 3 / 2])
    whole = run_variance.fold_term([*first, *second], [])
    assert whole.size == pytest.approx((2 * sizes[0] + 3 * sizes[1]) / 5) and whole.freedom == 5
    alone = cells([0.0, 0.0, 0.4, 0.4, 0.4], 8)[1:]
    assert run_variance.fold_term([*first, *alone], []) == run_variance.fold_term(first, [])
    assert run_variance.fold_term(alone, []).freedom == 4


def test_terms_add_up_by_satterthwaite():
    """Welch's t test is the case of two terms."""
    draw = np.random.default_rng(3)
    first, second = draw.normal(size=8), draw.normal(1, 3, size=5)
    terms = [Term(x.var(ddof=1) / len(x), x.var(ddof=1) / len(x), len(x) - 1) for x in (first, second)]
    found = noise_model.estimate(first.mean() - second.mean(), terms, 13, 13)
    welch = scipy_stats.ttest_ind(first, second, equal_var=False)
    assert found.p == pytest.approx(welch.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(welch.confidence_interval(0.95)))


def test_an_estimate_that_serves_two_cells_keeps_its_freedom(monkeypatch):
    """Both have one run and one variance pooled over others: it is known no better for being used twice."""
    folds = tuple(Fold(n, np.zeros(1), *np.empty((3, 1)), np.ones((1, 1))) for n in (1, 2))
    shared, own = Term(0.01, 0.01, 8.0), Term(0.04, 0.04, 4.0)
    runs = {"one": shared, "other": shared, "seeded": own}

    def noise(results, cell, classes, metric):
        return run_variance.RunNoise(runs[cell], run_variance.NOTHING, "")

    monkeypatch.setattr(run_variance, "of", noise)
    monkeypatch.setattr(run_variance, "arm", lambda *given: Arm(folds))
    halves = dict.fromkeys(runs, {1: 0.5, 2: 0.5})
    pair, _ = contrasts._run_terms(None, {"one": 1.0, "other": -1.0}, halves, None)
    assert (pair.size, pair.freedom) == (pytest.approx(0.01), pytest.approx(8.0))
    mixed, _ = contrasts._run_terms(None, {"one": 1.0, "seeded": -1.0}, halves, None)
    assert mixed.size == pytest.approx(0.025)
    assert mixed.freedom == pytest.approx(0.025**2 / (0.005**2 / 8 + 0.02**2 / 4))


def test_an_unknown_term_leaves_no_interval():
    found = noise_model.estimate(0.3, [Term(0.1, 0.1, 5), run_variance.UNKNOWN], 6, 6)
    assert found.value == 0.3 and not found.judged and np.isnan(found.p)
    assert np.isnan(noise_model.minimal_detectable(found))
    assert not noise_model.accuracy(0.3, [Term(0.1, 0.1, 5)], 1, 4).judged  # one group


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_right_or_all_wrong_has_the_interval_of_clopper_and_pearson(value):
    """With 10 groups: 1 - 0.025 ** (1 / 10) from the nearer end."""
    found = noise_model.accuracy(value, [Term(0.0, 0.0, 9)], 10, 30)
    assert abs(value - (found.low if value else found.high)) == pytest.approx(1 - 0.025**0.1)


def test_accuracies_have_the_logit_interval():
    """0.9 with a standard error of 0.03 on the logit scale: 2.197 +- t * 0.03 / 0.09."""
    found = noise_model.accuracy(0.9, [Term(0.0009, 0.0009, 20)], 21, 100)
    ends = scipy_stats.t.ppf([0.025, 0.975], 20) * 0.03 / 0.09 + np.log(9)
    assert (found.low, found.high) == pytest.approx(tuple(1 / (1 + np.exp(-ends))))
    near = noise_model.accuracy(0.99, [Term(0.0009, 0.0009, 20)], 21, 100)
    assert 0 < near.low < near.high < 1


def test_an_interval_that_holds_next_to_everything_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = noise_model.accuracy(0.99, [Term(1e4, 1e4, 1.0)], 20, 100)
    assert (found.low, found.high) == (0.0, 1.0)


def test_minimal_detectable_difference_has_its_power():
    """A t test on 20 groups with a true difference of that size finds it in about 80 % of the cases."""
    draw = np.random.default_rng(0)
    term = Term(1 / 20, 1 / 20, 19)
    for comparisons in (1, 4):
        size = noise_model.minimal_detectable(noise_model.estimate(0.0, [term], 20, 20), comparisons)
        samples = draw.normal(size, 1, (4000, 20))
        power = np.mean(scipy_stats.ttest_1samp(samples, 0, axis=1).pvalue < 0.05 / comparisons)
        assert power == pytest.approx(0.8, abs=0.03)


def test_values_of_one_model_vary_by_clips_and_runs():
    """Three runs of 8 groups; the runs' means 0, 1, 2 differ by far more than their clips do."""
    values = np.concatenate([np.tile([-0.1, 0.1], 4) + run for run in range(3)])
    found = contrasts.of_values(values, np.tile(np.arange(8), 3), np.repeat(list("abc"), 8))
    assert found.value == pytest.approx(1.0) and found.error == pytest.approx(np.sqrt(1 / 3), rel=0.01)
    assert found.freedom == pytest.approx(2, abs=0.05)

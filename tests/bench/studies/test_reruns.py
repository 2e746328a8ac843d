"""Error rates of the gate's tests; runs are invented here."""

import numpy as np
import pytest
import synthetic

from vidattn.bench.analysis import samples
from vidattn.bench.regression import gate, seed_test
from vidattn.bench.results.reader import Results
from vidattn.bench.studies import gate_error_rates

ACCURACIES = np.random.default_rng(1).normal(0.37, 0.01, 200)


@pytest.fixture(scope="module")
def rates():
    return gate_error_rates.over_seeds(ACCURACIES, 30, 3, trials=1000).set_index("quantity")


def test_noise_alone_fails_about_as_often_as_stated(rates):
    row = rates.loc["false alarm: other seeds"]
    assert row["nominal"] == seed_test.ALPHA and row["rate_low"] <= seed_test.ALPHA <= row["rate_high"]
    # of 1,000 trials without a failure, Clopper and Pearson exclude more than 1 - 0.025 ** (1 / 1000)
    assert row["rate"] > 0 or row["rate_high"] == pytest.approx(1 - 0.025 ** (1 / 1000))


def test_what_is_lost_is_caught_the_more_the_more_it_is(rates):
    """Five points are eight standard errors here: 0.05 / (0.01 sqrt(1/30 + 1/3))."""
    lost = [f"{n} point{'s' * (n > 1)} lost" for n in (1, 2, 5)]
    assert rates.loc[lost, "rate"].is_monotonic_increasing
    assert rates.loc["5 points lost", "rate"] == 1 and rates.loc["1 point lost", "rate"] < 0.5


def test_the_reference_is_drawn_anew_in_every_trial():
    """One seed far off would settle every trial alike if the reference were always the first thirty."""
    skewed = np.r_[np.full(30, 0.5), np.full(170, 0.3)] + np.resize([0, 1e-3], 200)
    failed = gate_error_rates.over_seeds(skewed, 30, 3, trials=200)["rate"].iloc[0]
    assert 0 <= failed < 0.5
    assert gate_error_rates._lower(skewed[:30], skewed[30:33])


def test_every_seed_is_in_one_pair_and_a_share_of_all_clips_is_lost(tmp_path):
    cell = next(iter(synthetic.CELLS))
    synthetic.write(tmp_path, {cell: (0.8,) * 3}, seeds=5, groups=10, clips=3)
    folds = samples.load(Results(tmp_path), cell)
    rates = gate_error_rates.over_clips(folds).set_index("quantity")
    assert set(rates["trials"]) == {2} and rates["nominal"].iloc[0] == gate.ALPHA
    frame = gate_error_rates._pair(folds, 0, 1, 0.1, np.random.default_rng(0))
    before = np.concatenate([fold.hits[1] for fold in folds])
    assert (before - frame["new"]).sum() == round(0.1 * len(frame)) and (before >= frame["new"]).all()
    same = frame.assign(new=frame["old"])
    assert not gate_error_rates._drops(same)
    assert gate_error_rates._drops(same.assign(new=0.0))

"""The simulated scheduler against times that are worked out by hand."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vidattn.bench.config import load
from vidattn.bench.studies import schedule

ROOT = Path(__file__).resolve().parents[3]
EVEN = schedule.Rates(1e9, np.ones(len(schedule.QUANTILES)), start=0.0, prepare=1.0, flow_bytes=1.0)


def wall(seconds, workers, rates=EVEN):
    return schedule.wall(np.array(seconds, "float64"), workers, rates, np.random.default_rng(0))


@pytest.fixture
def nothing_fails(monkeypatch):
    monkeypatch.setattr(schedule, "FAILS", 0.0)


def test_runs_go_to_the_worker_that_is_free_first(nothing_fails):
    assert wall([10, 10, 10, 10], 2) == (20, 0, 40)
    assert wall([30, 10, 10, 10], 2) == (30, 0, 60)
    assert wall([10, 10, 10, 30], 2) == (40, 0, 60)
    assert wall([10], 64) == (10, 0, 10)


def test_a_worker_starts_before_its_first_run_and_after_every_eighth(nothing_fails):
    slow = replace(EVEN, start=5.0)
    assert wall([1.0] * 8, 1, slow)[0] == 5 + 8
    assert wall([1.0] * 17, 1, slow)[0] == 5 + 8 + 5 + 8 + 5 + 1


def test_a_run_that_fails_is_made_again_until_it_is_made(monkeypatch):
    monkeypatch.setattr(schedule, "FAILS", 0.5)
    took, failed, used = wall([100.0] * 400, 1)
    assert 300 < failed < 520  # one more try is expected for each, sqrt(800) spread
    assert took == pytest.approx(used) == pytest.approx(400 * 100 + failed * 50, rel=0.05)


def test_the_grid_has_every_run_and_fusion_costs_nothing():
    params = load.load(ROOT / "params.yaml")
    flops = dict.fromkeys(("none", "l2pa", "gated", "gated_grid", "residual", "cbam"), 1e9)
    operations = schedule._runs(params, flops)
    assert len(operations) == 2 * 6 * 3 * 2 * 3 * 5
    assert (operations == 0).sum() == len(operations) / 3
    # clean, UCF101: 100 epochs of 80 % of 9537 clips, a frame each, thrice; validation and test in 25 frames
    clean = 3 * 100 * 0.8 * 9537 + 25 * (100 * 0.2 * 9537 + 3783)
    assert (np.isclose(operations, clean * 1e9)).sum() == 6 * 2 * 3 * 5


def test_the_spread_is_that_of_stored_runs_over_the_median_of_their_cell(tmp_path):
    for cell, seconds in (("a", [1, 2, 3, 4, 5, 9]), ("b", [10, 20, 30, 40, 50, 90]), ("c", [7])):
        for seed, value in enumerate(seconds):
            place = tmp_path / "runs" / cell / f"1-{seed}"
            place.mkdir(parents=True)
            (place / "timing.json").write_text(json.dumps({"train_seconds": value}))
    frame = schedule.times(tmp_path, tmp_path / "times.csv")
    assert (frame["cells"] == 2).all() and (frame["runs"] == 12).all()
    assert frame["relative"].iloc[[0, -1]].tolist() == pytest.approx([1 / 3.5, 9 / 3.5])
    with pytest.raises(ValueError, match="no cell of 6 finished runs"):
        schedule.times(tmp_path / "runs", tmp_path / "times.csv")


def test_where_nothing_was_measured_it_says_so_and_the_table_is_empty(tmp_path):
    told = []
    path = tmp_path / "schedule" / "schedule.csv"
    assert schedule.write(load.load(ROOT / "params.yaml"), tmp_path, path, told.append).empty
    assert "no costs.csv" in told[0] and path.read_text().startswith("grid,runs,device,workers")

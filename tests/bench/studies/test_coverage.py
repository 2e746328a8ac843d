"""The simulation that the printed intervals must pass, on designs small enough for a test."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic

from vidattn.bench.analysis import contrasts, noise_model, run_variance
from vidattn.bench.results.reader import Results
from vidattn.bench.studies import hit_components, interval_coverage
from vidattn.bench.studies.hit_components import Components

CELLS = {f"actors-tiny-none-{name}-clean": (0.6,) * 3 for name in ("lstm", "two_stream", "image", "conv3d")}
MEASURED = Components(0.6, group=0.1, own_group=0.05, clip=0.2, own_clip=0.15, run=0.06, fold=0.0)


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    root = synthetic.write(tmp_path_factory.mktemp("coverage"), CELLS, seeds=2, groups=8)
    return run_variance.arm(Results(root), next(iter(CELLS))).folds


def clips_only(results, weights):
    """An interval as it would be without what training runs vary by."""
    arms = {cell: run_variance.arm(results, cell).folds for cell in weights}
    value, terms, groups = contrasts.over_folds([(weights[cell], folds) for cell, folds in arms.items()])
    return noise_model.estimate(value, terms, groups, 1)


def test_components_are_measured_as_they_were_drawn(layout):
    """Twelve cells with eight seeds: each variance within a few hundredths of what it was."""
    random = np.random.default_rng(0)
    drawn = hit_components.draw(MEASURED, layout * 1, 12, 8, random)
    arms = [run_variance.Arm(folds) for folds in drawn]
    runs = run_variance.pool([arm.run for arm in arms])
    again = hit_components.measure(arms, runs.size, 0.0, 0.5)
    assert again.accuracy == pytest.approx(0.6, abs=0.06)
    assert again.run == pytest.approx(0.06, abs=0.02)
    for name in ("group", "own_group", "clip", "own_clip"):
        assert getattr(again, name) == pytest.approx(getattr(MEASURED, name), abs=0.09), name


def test_the_bivariate_normal_is_inverted():
    """At threshold 0 the chance of both is 1/4 + asin(r) / (2 pi)."""
    for r in (0.1, 0.5, 0.9):
        assert hit_components._latent(np.arcsin(r) / (2 * np.pi), 0.0) == pytest.approx(r, abs=1e-4)


def rates(layout, paired, trials=100):
    names = [f"d-b-a{i}-x-p" for i in range(4)]
    random = np.random.default_rng(1)
    noisy = replace(MEASURED, run=0.12)
    held = interval_coverage._trials(noisy, layout, names, 3, trials, random, paired, 0.0)
    return [interval_coverage._rate("rate", values) for values in held]


def test_printed_intervals_cover_and_a_planted_one_without_run_variance_does_not(layout):
    coverage, size, accuracy = rates(layout, contrasts.paired)
    assert (
        coverage["rate_high"] > interval_coverage.COVERAGE[0] and size["rate_low"] < interval_coverage.SIZE[1]
    )
    assert accuracy["rate_high"] > interval_coverage.COVERAGE[0]
    planted, rejected, _ = rates(layout, clips_only)
    assert planted["rate_high"] < interval_coverage.COVERAGE[0]
    assert rejected["rate_low"] > interval_coverage.SIZE[1]


def test_the_table_has_a_verdict_for_each_design_and_the_planted_interval_fails_it(tmp_path):
    """Runs of one cell that lie far apart: 20 points, which clips alone do not explain."""
    draw = np.random.default_rng(2)
    for cell in CELLS:
        for fold in (1, 2, 3):
            for seed in (0, 1, 2):
                rates = (0.5 + 0.2 * float(np.clip(draw.normal(), -1.5, 1.5)),) * 3
                frame = synthetic._predict(cell, rates, fold, seed, 8, 2)
                synthetic.write_run(tmp_path, cell, fold, seed, frame)
    results, plan = Results(tmp_path), {("actors", "clean"): (3, 3, 4)}
    (row,) = interval_coverage.table(results, plan, trials=30).to_dict("records")
    assert row["verdict"] == "in the band" and row["run_deviation"] > 0.1
    assert row["power_20"] >= row["power_2"] and row["trials"] == 30
    (planted,) = interval_coverage.table(results, plan, trials=30, paired=clips_only).to_dict("records")
    assert planted["verdict"].startswith("outside: coverage, size") and planted["coverage"] < 0.9


def test_no_committed_design_leaves_the_band():
    """Made by `vidattn bench coverage`, which simulates every design that has records."""
    root = Path(__file__).resolve().parents[3]
    frame = pd.read_csv(root / "results" / "benchmarks" / "coverage.csv")
    simulated = frame[frame["coverage"].notna()]  # of the others no interval is printed
    assert len(simulated) and (simulated["trials"] == interval_coverage.TRIALS).all()
    outside = frame[frame["verdict"].str.startswith("outside")]
    assert outside.empty, outside[["dataset", "protocol", "verdict"]].to_string()


def test_every_design_that_prints_an_interval_was_simulated():
    """A data set and protocol may be missing only while none of its intervals stands in a table."""
    results = Path(__file__).resolve().parents[3] / "results"
    grid = pd.read_csv(results / "tables" / "grid.csv", usecols=["dataset", "protocol", "top1_low"])
    printed, simulated = grid[grid["top1_low"].notna()], pd.read_csv(results / "benchmarks" / "coverage.csv")
    families = [set(zip(frame["dataset"], frame["protocol"])) for frame in (printed, simulated)]
    assert families[0] <= families[1], f"vidattn bench coverage: {sorted(families[0] - families[1])}"


def test_numbers_for_names_change_nothing(layout):
    coded = interval_coverage._numbered(layout)
    assert coded[0].groups.dtype.kind == coded[0].clips.dtype.kind == "i"
    random = (np.random.default_rng(3) for _ in range(2))
    held = [
        interval_coverage._trials(
            MEASURED, each, [f"d-b-a{i}-x-p" for i in range(4)], 2, 3, next(random), contrasts.paired, 0.1
        )
        for each in (layout, coded)
    ]
    np.testing.assert_array_equal(*held)


def test_one_run_of_each_cell_prints_no_interval(tmp_path):
    results = Results(synthetic.write(tmp_path, CELLS, folds=1))
    (row,) = interval_coverage.table(results, {("actors", "clean"): (1, 1, 4)}, trials=3).to_dict("records")
    assert row["verdict"].startswith("no interval is printed")


def test_seeds_of_one_cell_do_not_differ_more_often_than_chance_lets_them(tmp_path):
    results = Results(synthetic.write(tmp_path, CELLS, seeds=4, groups=8))
    frame = interval_coverage.against_itself(results)
    assert frame["pairs"].tolist() == [6] * 4 and frame["below"].sum() <= 3

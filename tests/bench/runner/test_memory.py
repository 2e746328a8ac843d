"""Memory of runs, predicted from counts: against what was measured, and against what a run has."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import plans
import pytest

from vidattn.bench.config import load
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.runner import engines, memory
from vidattn.bench.runner.engines import local, ray, slurm

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def plan():
    """A run of the two-stream benchmark: 64 clips of a frame of 224 pixels in a step."""
    cell = Cell("ucf101", "mobilenet_v2", "cbam", "frame_average", "thesis_clean")
    return plans.without_data(Run(cell, 1, 0), load.load(ROOT / "params.yaml"))


def predicted(plan):
    return memory.predicted(plan, memory._counts(ROOT / "results"))


def test_a_prediction_is_near_what_a_step_was_measured_to_take(plan):
    costs = pd.read_csv(ROOT / "results/benchmarks/costs.csv").set_index("model")
    for attention in ("none", "cbam"):
        cell = replace(plan.run.cell, attention=attention)
        measured = costs.loc[f"mobilenet_v2-{attention}-image-100", "batch_mb"] / 1e3
        assert predicted(replace(plan, run=Run(cell, 1, 0))) == pytest.approx(measured, rel=0.15)


def test_it_grows_with_the_batch_the_area_and_the_frames_of_a_step(plan):
    def steps(**changes):
        size = changes.pop("size", plan.size)
        return predicted(replace(plan, size=size, protocol=replace(plan.protocol, **changes)))

    one, two = steps(batch=1), steps(batch=2)
    clip = two - one
    assert steps(batch=64) == pytest.approx(one + 63 * clip)
    assert steps(batch=1, size=448) == pytest.approx(one + 3 * clip)
    assert steps(batch=1, train_frames=None) == pytest.approx(one + 24 * clip)
    assert predicted(replace(plan, protocol=replace(plan.protocol, encoder="frozen"))) is None


def test_a_head_on_flat_features_is_predicted_by_their_width(plan, tmp_path):
    """Measured: the LSTM on Xception's 100,352 features took 11.8 GB, at its checkpoint."""
    cell = Cell("ucf101_12", "xception", "none", "lstm", "icip_flat_16")
    protocol = replace(plan.protocol, encoder="frozen")
    flat = replace(plan, run=Run(cell, 1, 0), protocol=protocol, pool="flat", streams={"features": tmp_path})
    assert predicted(flat) is None  # no features yet
    (tmp_path / "index.json").write_text('{"shape": [100352]}')
    assert predicted(flat) == pytest.approx(11.8, rel=0.05)
    assert predicted(replace(flat, pool="mean")) is None
    assert predicted(replace(flat, architecture_params={"units": 64})) is None


def test_a_model_that_was_not_counted_is_passed_over(plan, tmp_path):
    assert memory.told([plan], 2, engines.engine("local"), tmp_path) == []


def test_a_line_names_the_setting_that_makes_a_run_fit(plan, monkeypatch):
    wanted = predicted(plan)
    monkeypatch.setattr(memory, "available_gb", lambda: 2.5 * wanted)
    results = ROOT / "results"
    assert memory.told([plan], 2, engines.engine("local"), results) == []
    line = memory.told([plan, plan], 4, engines.engine("local"), results)
    assert line == [
        f"{plan.run.cell.id}: a step of 64 clips takes about {wanted:.1f} GB, and a run has "
        f"{2.5 * wanted / 4:.1f}. --jobs 2 fits."
    ]
    monkeypatch.setattr(memory, "available_gb", lambda: wanted / 2)
    assert "take another" in memory.told([plan], 1, engines.engine("local"), results)[0]


@pytest.mark.parametrize(
    ("file", "settings", "advice"),
    [
        (slurm, {"memory_gb": 4}, (4, "slurm.memory_gb: 7 in cluster.yaml fits.")),
        (ray, {"memory_gb_per_run": 4}, (4, "ray.memory_gb_per_run: 7 in cluster.yaml fits.")),
        (ray, {}, None),
        (slurm, {"gpus": 1}, None),
        (local, {"gpus_per_run": 0.5}, None),
    ],
)
def test_every_engine_says_what_a_run_has(file, settings, advice):
    assert file.room(file.Settings(**settings), None, 6.2) == advice

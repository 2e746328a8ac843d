"""Measured costs: what is left out and why, and one real measurement in its own process."""

import json
import subprocess

import pandas as pd
import pytest

from vidattn.bench import costs

SPEC = {"backbone": "tiny", "attention": "se", "architecture": "frame_average"}
SPEC |= {"classes": 3, "size": 32, "frames": 2, "batch": 4}


def record(**changes):
    return {"train_memory_mb": 900.0, "train_memory_mb_batch": 900.0, "flops": 10**9, **changes}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"train_memory_mb_batch": 17_000.0}, {"batch": "batch: estimated 17 GB, over 16"}),
        ({"flops": 12 * 10**10}, {"batch": "batch: about 2.9 TFLOPs, over 0.5"}),  # 3 x 8 x 0.12
        (
            {"flops": 10**12},
            {"step": "step: about 3.0 TFLOPs, over 0.5", "batch": "batch: about 24.0 TFLOPs, over 0.5"},
        ),
    ],
)
def test_steps_that_are_left_out_have_a_reason(changes, expected):
    assert costs.reasons(record(**changes), 8, 16.0) == expected


@pytest.mark.slow
def test_one_model_is_measured_and_kept(tmp_path):
    name, path = "tiny-se-frame_average-3", tmp_path / "costs.csv"
    (tmp_path / f"{name}.json").write_text(json.dumps(record(parameters=7)))
    frame = costs.run([(name, SPEC)], tmp_path, path, 16.0, lambda line: None)
    row = frame.iloc[0]
    assert list(pd.read_csv(path).columns) == costs.COLUMNS
    assert row["latency_ms"] > 0 and row["build_seconds"] > 0 and row["left_out"] == ""
    assert 0 < row["base_mb"] <= row["build_mb"]
    assert row["step_mb"] > 0 and row["batch_mb"] > 0
    again = costs.run([(name, SPEC)], tmp_path, path, 16.0, lambda line: 1 / 0)  # nothing is measured twice
    assert again.iloc[0]["latency_ms"] == pytest.approx(row["latency_ms"], rel=1e-4)


def test_a_process_that_dies_is_a_row_that_says_so(monkeypatch):
    died = subprocess.CompletedProcess([], 137, "", "Killed")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: died)
    row = costs.measured(SPEC, {"batch": "batch: too large"})
    assert row == {"left_out": "batch: too large; the process ended with 137: Killed"}

"""Measured costs: what is left out and why, and one real measurement in its own process."""

import json
import subprocess

import pandas as pd
import pytest

from vidattn.bench.cost import measure_models

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
    assert measure_models.reasons(record(**changes), 8, 16.0) == expected


@pytest.mark.slow
def test_one_model_is_measured_and_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(measure_models, "REPEATS", 2)
    name, path = "tiny-se-frame_average-3", tmp_path / "costs.csv"
    (tmp_path / f"{name}.json").write_text(json.dumps(record(parameters=7)))
    frame = measure_models.run([(name, SPEC)], tmp_path, path, 16.0, lambda line: None)
    row = frame.iloc[0]
    assert list(pd.read_csv(path).columns) == [*measure_models.COLUMNS, "code"]
    assert row["build_seconds"] > 0 and row["left_out"] == "" and row["repeats"] == 2
    assert 0 < row["latency_ms_low"] < row["latency_ms"] < row["latency_ms_high"]
    assert 0 < row["base_mb"] <= row["build_mb"]
    assert row["step_mb"] > 0 and row["batch_mb"] > 0
    again = measure_models.run(
        [(name, SPEC)], tmp_path, path, 16.0, lambda line: 1 / 0
    )  # nothing is measured twice
    assert again.iloc[0]["latency_ms"] == pytest.approx(row["latency_ms"], rel=1e-4)


@pytest.fixture
def processes(monkeypatch):
    """What was asked of each process; they answer with latencies of 30, 10 and 20 ms."""
    asked = []

    def run(command, **options):
        asked.append(json.loads(command[-1])[1])
        found = {"latency_ms": [30.0, 10.0, 20.0][(len(asked) - 1) % 3], "base_mb": len(asked)}
        return subprocess.CompletedProcess(command, 0, f"a warning\n{json.dumps(found)}\n", "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(measure_models.environment, "device", lambda: "cpu")  # it asks a process too
    return asked


def test_the_latency_is_the_median_of_several_processes(processes):
    row = measure_models.measured(SPEC, {"batch": "batch: too large"})
    assert processes == [["batch"], ["batch", "step"], ["batch", "step"]]  # steps once
    assert row["base_mb"] == 1 and row["left_out"] == "batch: too large"
    assert [row[f"latency_ms{end}"] for end in ("", "_low", "_high")] == [20, 10, 30] and row["repeats"] == 3


def test_rows_are_replaced_one_by_one_and_the_others_stay(tmp_path, processes):
    """A table that is committed loses nothing while a part of it is measured again."""
    path, names = tmp_path / "costs.csv", ["a", "b", "c"]
    for name in names:
        (tmp_path / f"{name}.json").write_text(json.dumps(record(parameters=7)))
    specs = [(name, {**SPEC, "frames": frames}) for name, frames in zip(names, (2, None, 8))]
    measure_models.run(specs, tmp_path, path, 16.0, lambda line: None)
    whole = path.read_text()
    assert [line.split(",")[2] for line in whole.splitlines()[1:]] == ["2", "", "8"]  # whole numbers
    lines = whole.splitlines(keepends=True)
    path.write_text(lines[0] + lines[1] + lines[3])  # b is to be measured
    seen = []
    measure_models.run(specs, tmp_path, path, 16.0, lambda line: seen.append(path.read_text()))
    assert len(seen) == 1 and len(processes) == 4 * measure_models.REPEATS
    assert [line.split(",")[0] for line in seen[0].splitlines()] == ["model", *names]
    old = pd.read_csv(path).drop(columns="repeats").assign(latency_ms=99)  # as before there were repeats
    old.to_csv(path, index=False)
    seen.clear()
    measure_models.run(
        specs, tmp_path, path, 16.0, lambda line: seen.append(pd.read_csv(path)["latency_ms"].tolist())
    )
    assert seen == [[20, 99, 99], [20, 20, 99], [20, 20, 20]]


def test_what_a_table_lacks_is_found_before_anything_is_measured(tmp_path, processes):
    path = tmp_path / "costs.csv"
    path.write_text("name,seconds\n")
    with pytest.raises(ValueError, match=r"costs\.csv lacks .* model.*Delete it"):
        measure_models.run([("a", SPEC)], tmp_path, path, 16.0, print)
    path.unlink()
    with pytest.raises(ValueError, match=r"a\.json.*vidattn complexity"):
        measure_models.run([("a", SPEC)], tmp_path, path, 16.0, print)
    assert not processes and not path.exists()


def test_a_process_that_dies_is_a_row_that_says_so(monkeypatch):
    died = subprocess.CompletedProcess([], 137, "", "Killed")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: died)
    row = measure_models.measured(SPEC, {"batch": "batch: too large"})
    assert row == {"left_out": "batch: too large; the process ended with 137: Killed"}

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vidattn.bench.cli import parser
from vidattn.bench.config.load import load
from vidattn.bench.studies.data_speed import alternatives, codecs, commands, fed_models, timing, training
from vidattn.bench.studies.data_speed import flow as flow_speed
from vidattn.bench.studies.data_speed import input as input_speed
from vidattn.bench.studies.data_speed import run as benchmarks
from vidattn.bench.train import reproducible
from vidattn.data.media import decode


def test_every_container_gives_the_clip_back():
    still = np.full((3, 16, 16, 2), 128, np.uint8)
    smooth = still + (8 * np.sin(np.arange(16) / 3)).astype(np.int8)[None, None, :, None].astype(np.uint8)
    for name, (pack, unpack) in codecs.codecs().items():
        back = unpack(pack(smooth), smooth.shape)
        assert back.shape == smooth.shape, name
        off = np.abs(back.astype(int) - smooth).max()
        assert off == 0 if name not in ("jpeg", "jpeg100", "mpeg4") else off < 30, name


def test_all_decoders_at_hand_give_the_same_pixels(tmp_path):
    path = timing.generate(tmp_path / "clip.avi", 0)["path"]
    indices = decode.uniform(60, 25)
    ours = decode.read(path, indices)
    for other in (alternatives.read_all, alternatives.seek):
        assert (other(path, indices) == ours).all()


def test_thesis_storage_cuts_to_whole_pixels(tmp_path):
    (tmp_path / "a.npz").write_bytes(alternatives.int64_npz(np.array([-1.9, -0.5, 0.9, 2.0])))
    with np.load(tmp_path / "a.npz") as file:
        assert file["arr_0"].tolist() == [-1, 0, 0, 2] and file["arr_0"].dtype == np.int64


def test_jpeg_pairs_and_ours_at_their_error():
    exact = 6 * np.sin(np.arange(2 * 32 * 32 * 2).reshape(2, 32, 32, 2) / 99).astype(np.float32)
    size, error = alternatives.jpeg_pairs(exact, 20)
    assert size > 4 * 100 and 0.02 < error < 0.3
    ours, error_ours = flow_speed._coarser(exact, 20)
    assert ours > 0 and 0 < error_ours <= error


def test_ratio_is_ours_over_theirs():
    assert timing.row("a", 3.0, 4.0, "s", 1, "")["ratio"] == 0.75
    assert np.isnan(timing.row("a", np.nan, np.nan, "s", 0, "none")["ratio"])


def test_the_features_and_waiting_rows(tmp_path):
    timing.index(None, tmp_path, 20)
    (row,) = input_speed.feature_pass(tmp_path, lambda batch: batch.mean((1, 2)), None)
    assert row["n"] == 48 and row["ours"] > 0 and row["theirs"] > 0
    seen = []
    rows = input_speed.waiting(tmp_path, lambda arrays, labels: seen.append(arrays["rgb"].shape))
    assert [row["name"] for row in rows[:2]] == ["pipeline_waiting", "pipeline_rate"]
    assert seen[0] == (8, 8, 64, 64, 3) and seen[2] == (4, 8, 64, 64, 3)  # 20 clips: 8, 8, 4
    assert 0 <= rows[0]["ours"] <= 1 and rows[0]["theirs"] > 0.5  # a step of no length always waits
    assert all(row["n"] == 4 * 20 for row in rows if "rate" in row["name"])


def test_parts_are_measured_alone_and_the_other_rows_stay(tmp_path, monkeypatch):
    assert parser.BENCHMARKS == benchmarks.PARTS
    line = (
        "part,name,ours,theirs,ratio,unit,n,note\nstorage,kept,1,2,0.5,bytes,1,\nfeatures,old,1,2,0.5,s,1,\n"
    )
    (tmp_path / "benchmarks.csv").write_text(line)
    benchmarks.run(None, tmp_path, clips=2, only=["features"])
    table = pd.read_csv(tmp_path / "benchmarks.csv")
    assert list(table.columns) == ["part", *timing.COLUMNS, "code"]
    assert table["name"].tolist() == ["kept", "features"] and table["part"].tolist() == [
        "storage",
        "features",
    ]


def test_the_smallest_cells_step_trains(monkeypatch):
    monkeypatch.setattr(
        reproducible, "one_thread", lambda: None
    )  # too late where another test has used TensorFlow
    step = fed_models.step(load())
    batch = {"rgb": np.random.default_rng(0).random((8, 8, 64, 64, 3), dtype=np.float32)}
    losses = [step(batch, np.arange(8)) for _ in range(6)]
    assert losses[-1] < losses[0]


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="No ucf101_12"):
        timing.real(tmp_path)


def test_each_part_measures_a_clip(tmp_path):
    """Each by its own function, on what is least; the battery has all of them together."""
    index = timing.index(None, tmp_path, 2)
    rows = [
        *flow_speed.flow_pairs(tmp_path, 16),
        *flow_speed.thesis_job(tmp_path, index, 16, count=1),
        *flow_speed.two_processes(None, tmp_path, 16, 2),
        *flow_speed.storage(index, size=32, count=1),
        *input_speed.decoding(tmp_path, index, None, count=1),
    ]
    assert all(list(row) == timing.COLUMNS for row in rows)
    by_name = {row["name"]: row for row in rows}
    assert len(by_name) == len(rows)
    assert {"flow_pairs", "flow_two_processes", "storage_thesis", "storage_jpeg_pairs"} <= set(by_name)
    assert {"decode_seek", *(f"storage_{name}" for name in codecs.codecs() if name != "webp")} <= set(by_name)
    assert by_name["flow_job"]["n"] == 1 and by_name["flow_pairs"]["n"] == 2 * 5
    samplings = by_name["decode_two_samplings"]
    assert samplings["n"] == 2 and samplings["note"].endswith("same bytes: yes")
    for name in ("flow_pairs", "flow_job", "flow_two_processes", "storage_thesis", "decode_seek"):
        assert by_name[name]["ours"] > 0 and by_name[name]["theirs"] > 0  # no bound on a measured ratio


@pytest.mark.slow
@pytest.mark.battery
def test_the_whole_table_on_generated_clips(tmp_path):
    table = benchmarks.run(None, tmp_path, size=32, clips=8)
    assert list(pd.read_csv(tmp_path / "benchmarks.csv").columns) == ["part", *timing.COLUMNS, "code"]
    assert {"flow_pairs", "flow_job", "storage_thesis", "decode_seek"} <= set(table["name"])
    flow_job = table.set_index("name").loc["flow_job"]  # no bound on a measured ratio
    assert flow_job["n"] == 2 and flow_job["ours"] > 0 and flow_job["theirs"] > 0
    samplings = table.set_index("name").loc["decode_two_samplings"]
    assert samplings["n"] == 8 and samplings["note"].endswith("same bytes: yes")


def test_training_is_measured_on_features_of_the_suite_in_memory():
    """The plan and the inputs are made by hand: nothing is stored for them."""
    plan = training._plan(load(), "lstm")
    assert plan.architecture_params == {"gates": "modern"}
    inputs = training._inputs()
    streams, labels = next(inputs.batches("train", plan.protocol, seed=1, training=True))
    assert streams["features"].shape == (32, 8, 1280) and labels.max() < 12


def test_the_time_of_a_process_that_was_waited_for_counts():
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    assert timing.cpu(lambda: subprocess.run([sys.executable, "-c", burn], check=True)) > 0.25
    assert timing.cpu(lambda: time.sleep(0.2)) < 0.15


def test_a_suite_that_was_not_run_has_rows_without_numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = commands._nothing_to_do("demo")
    assert [row["name"] for row in rows] == ["no_op_suite", "no_op_repro"]
    assert all(np.isnan(row["ours"]) and "make suite SUITE=demo" in row["note"] for row in rows)


def test_a_suite_is_up_to_date_until_a_file_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = Path(commands.__file__).resolve().parents[3]
    (tmp_path / "requirements").mkdir()
    shutil.copy(root / "requirements" / "state.py", "requirements")
    commands.DONE.parent.mkdir(parents=True)
    state = [sys.executable, "-S", "requirements/state.py", "demo"]
    commands.DONE.write_text(subprocess.run(state, capture_output=True, text=True, check=True).stdout)
    assert commands._up_to_date("demo") and not commands._up_to_date("other")
    (tmp_path / "params.yaml").write_text("new")
    assert not commands._up_to_date("demo")


def test_a_command_that_fails_is_no_measurement():
    with pytest.raises(subprocess.CalledProcessError):
        commands._call([sys.executable, "-c", "raise SystemExit(3)"])

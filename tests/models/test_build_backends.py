"""A sample of models on the other backends: outputs of the same weights, a step, save and reload."""

import importlib.util
import json
import os
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vidattn.bench.cli import bench_commands
from vidattn.bench.studies import backends, interpreters, sample_models
from vidattn.models import build

# The least with an attention, as JAX compiles for long; for the battery resizing, a transformer and
# convolutions by channel. `vidattn bench backends` tries every plug-in.
FEW = [("tiny", "se", "image")]
CELLS = [
    *FEW,
    ("tiny", "gated_grid", "multiresolution"),
    ("tiny", "cbam", "transformer"),
    ("mobilenet_v2", "cbam", "image"),
]


@pytest.mark.slow
@pytest.mark.parametrize("cells", [FEW, pytest.param(CELLS, marks=pytest.mark.battery)], ids=["few", "all"])
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backend_agrees_with_tensorflow(tmp_path, backend, cells):
    """On the same weights and inputs, which TensorFlow answers too."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}; or run vidattn bench backends --python <interpreter that has it>")
    backends.ask(str(tmp_path), cells)
    backends.call(sys.executable, backend, "answer", str(tmp_path), cells)
    row = backends.summarise(json.loads((tmp_path / f"{backend}.json").read_text()))
    assert row["failed"] == ""
    assert row["models"] == row["same_flops"] == row["steps_ok"] == row["reloads_ok"] == len(cells)
    assert row["max_difference"] < 1e-4


def test_sample_has_every_plug_in():
    for position, kind in enumerate(("backbone", "attention", "architecture")):
        assert {cell[position] for cell in sample_models.spread()} == set(build.names(kind))


def test_a_model_that_fails_is_named_and_the_others_count():
    good = {"difference": 2e-6, "rounding": 4e-7, "flops": True, "step": True, "reload": False, "model": "a"}
    bad = {"error": "ValueError: no", "model": "b"}
    report = {"backend": "jax", "version": "1", "keras": "3", "seconds": 1.234, "models": [good, bad]}
    row = backends.summarise(report)
    assert (row["models"], row["steps_ok"], row["reloads_ok"]) == (2, 1, 0)
    assert (row["max_difference"], row["worst"], row["seconds"]) == (2e-6, "a", 1.2)
    assert row["worst_rounding"] == 4e-7
    assert row["failed"] == "b (ValueError: no)"


def test_inputs_are_moved_by_their_last_bit():
    clips = {"rgb": np.linspace(-1, 1, 1001, dtype="float32").reshape(7, 11, 13)}
    moved = backends._rounded(clips, 0)["rgb"]
    assert moved.dtype == np.float32
    units = np.abs(moved - clips["rgb"]) / np.spacing(np.abs(clips["rgb"]))
    assert (units[clips["rgb"] != 0] >= 1).all() and units.max() <= 2
    assert 0.4 < (moved > clips["rgb"]).mean() < 0.6


def test_interpreter_without_the_backend_is_passed_over():
    assert interpreters.find("json", [sys.executable]) == sys.executable
    assert interpreters.find("no_such_backend", [sys.executable]) is None


@pytest.fixture
def answers(monkeypatch):
    """No process is started; TensorFlow is at hand, and answers with one model."""

    def call(python, backend, task, folder, models):
        good = {
            "difference": 1e-6,
            "rounding": 1e-7,
            "flops": True,
            "step": True,
            "reload": True,
            "model": "a",
        }
        report = {"backend": backend, "version": "2", "keras": "3", "seconds": 1.0, "models": [good]}
        (Path(folder) / f"{backend}.json").write_text(json.dumps(report))

    monkeypatch.setattr(backends, "call", call)
    monkeypatch.setattr(interpreters, "find", lambda backend, pythons: {"tensorflow": "python"}.get(backend))


def test_rows_of_backends_that_are_not_at_hand_stay(tmp_path, answers):
    path, told = tmp_path / "backends.csv", []
    rows = pd.DataFrame(columns=backends.COLUMNS)
    rows["backend"], rows["version"], rows["models"] = ["tensorflow", "jax"], ["1", "0.5"], 7
    rows.to_csv(path, index=False)
    table = backends.run(path, models=[("tiny", "none", "image")], tell=told.append)
    assert list(table["backend"]) == ["tensorflow", "jax", "torch"]
    assert list(table["version"].fillna("")) == ["2", "0.5", ""]
    assert list(pd.read_csv(path)["failed"].fillna("")) == ["", "", "not installed"]
    assert "jax: not installed; its row stays as it was" in told


@pytest.mark.parametrize(
    ("python", "message"),
    [("/nope", "no program /nope"), (os.devnull, "no program"), ("true", "does not answer")],
)
def test_interpreters_are_tried_before_anything_is_measured(tmp_path, monkeypatch, python, message):
    monkeypatch.setattr(backends, "run", lambda *args: 1 / 0)
    with pytest.raises(ValueError, match=f"--python.*{message}"):
        bench_commands.backends(Namespace(python=[python]), None, print)


def test_an_interpreter_without_keras_is_refused(tmp_path):
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')  # without its packages
    bare.chmod(0o755)
    with pytest.raises(ValueError, match="python lacks keras, numpy"):
        interpreters.check([sys.executable, str(bare)])

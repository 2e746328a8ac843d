"""A sample of models on the other backends: outputs of the same weights, a step, save and reload."""

import importlib.util
import json
import random
import sys

import pytest

from vidattn.bench import backends, sample
from vidattn.models import build

CELLS = [*random.Random(1).sample(sample.spread()[:-9], 4), ("mobilenet_v2", "cbam", "image")]


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A folder with weights, inputs and outputs made by TensorFlow."""
    folder = tmp_path_factory.mktemp("backends")
    backends.call(sys.executable, "tensorflow", "ask", str(folder), CELLS)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backend_agrees_with_tensorflow(asked, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}; or run vidattn bench backends --python <interpreter that has it>")
    backends.call(sys.executable, backend, "answer", str(asked), CELLS)
    row = backends.summarise(json.loads((asked / f"{backend}.json").read_text()))
    assert row["failed"] == ""
    assert row["models"] == row["same_flops"] == row["steps_ok"] == row["reloads_ok"] == len(CELLS)
    assert row["max_difference"] < 1e-4


def test_sample_has_every_plug_in():
    for position, kind in enumerate(("backbone", "attention", "architecture")):
        assert {cell[position] for cell in sample.spread()} == set(build.names(kind))


def test_a_model_that_fails_is_named_and_the_others_count():
    good = {"difference": 2e-6, "flops": True, "step": True, "reload": False, "model": "a"}
    bad = {"error": "ValueError: no", "model": "b"}
    report = {"backend": "jax", "version": "1", "keras": "3", "seconds": 1.234, "models": [good, bad]}
    row = backends.summarise(report)
    assert (row["models"], row["steps_ok"], row["reloads_ok"]) == (2, 1, 0)
    assert (row["max_difference"], row["worst"], row["seconds"]) == (2e-6, "a", 1.2)
    assert row["failed"] == "b (ValueError: no)"


def test_interpreter_without_the_backend_is_passed_over():
    assert backends.find("json", [sys.executable]) == sys.executable
    assert backends.find("no_such_backend", [sys.executable]) is None

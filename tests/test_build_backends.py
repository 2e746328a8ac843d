"""A sample of cells on JAX: TensorFlow's outputs and Grad-CAM from its weights, a training step, reload."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vidattn.models import cost

SCRIPT = Path(__file__).with_name("jax_cells.py")


def load_script():
    spec = importlib.util.spec_from_file_location("jax_cells", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_jax_agrees_with_tensorflow(tmp_path):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs jax, which the test requirements install")
    script, expected, flops, cam = load_script(), [], [], None
    for number, cell in enumerate(script.CELLS):
        model = script.model(cell, seed=number)
        generator = np.random.default_rng(number)
        clips = {
            n: generator.uniform(-1, 1, (2, *t.shape[1:])).astype("float32") for n, t in model.input.items()
        }
        arrays = {f"w{i}": w for i, w in enumerate(model.get_weights())}
        np.savez(tmp_path / f"{number}.npz", **arrays, **clips)
        expected.append(np.asarray(model(clips, training=False)))
        flops.append(cost.cost(model).total)
        cam = script.cam(model, clips) if number == 0 else cam
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    for number, output in enumerate(expected):
        with np.load(tmp_path / f"{number}-jax.npz") as answer:
            np.testing.assert_allclose(answer["output"], output, atol=1e-4)
            assert answer["flops"] == flops[number]
    assert cam.max() > 0
    np.testing.assert_allclose(np.load(tmp_path / "cam.npy"), cam, atol=1e-4 * cam.max())

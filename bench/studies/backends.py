"""The same models on every backend of Keras: outputs against TensorFlow's, a training step, save and reload.

Each backend runs in a process of its own, if need be with another interpreter, which needs Keras, NumPy and
the backend only. TensorFlow makes the weights, the inputs and the outputs that the others are held against.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from vidattn.bench.results import files as reading
from vidattn.bench.studies import interpreters, sample_models
from vidattn.data.files import atomic
from vidattn.models.graph import flops as cost

if TYPE_CHECKING:
    import pandas as pd

BACKENDS = ("tensorflow", "jax", "torch")
COLUMNS = ["backend", "version", "keras", "models", "max_difference", "worst", "worst_rounding", "same_flops"]
COLUMNS += ["steps_ok", "reloads_ok", "seconds", "failed"]
ROUNDING = 2.0**-23  # relative, of float32: what an input changes by where its last bit does
WHOLE = ("models", "same_flops", "steps_ok", "reloads_ok")
ROOT = Path(__file__).resolve().parents[2]
# What was compiled once serves the reloaded model too. XLA's optimisation stays on: without it, gradients of
# CBAM come out as NaN.
JAX = {
    "JAX_PLATFORMS": "cpu",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
# The package by its folder, so that an interpreter into which it is not installed finds it too.
START = """import json, sys, types
package = types.ModuleType("vidattn")
package.__path__ = [sys.argv[1]]
sys.modules["vidattn"] = package
from vidattn.bench.studies import backends
getattr(backends, sys.argv[2])(sys.argv[3], json.loads(sys.argv[4]))
"""


def run(
    path: Path, pythons: Sequence[str] = (), models: list | None = None, tell: Callable = print
) -> "pd.DataFrame":
    """Tries the sample on every backend at hand and writes the table, row by row; the other rows stay.

    Args:
        path: The csv to write.
        pythons: More interpreters to look for backends in, after this one.
        models: Names (backbone, attention, architecture); by default `sample.spread()`.
        tell: Takes a line for every backend.

    Returns:
        A row a backend. One that no interpreter has keeps its row, or gets one that says so.
    """
    import pandas as pd

    chosen = [list(cell) for cell in models or sample_models.spread()]
    again, texts = "Delete it, then run this again.", {"version": str, "keras": str}
    old = reading.table(path, COLUMNS, again, dtype=texts) if path.is_file() else pd.DataFrame()
    rows: dict[str, dict] = {row["backend"]: row for row in old.to_dict("records")}
    with tempfile.TemporaryDirectory() as folder:
        call(sys.executable, "tensorflow", "ask", folder, chosen)
        for backend in BACKENDS:
            python = interpreters.find(backend, [sys.executable, *pythons])
            if not python and backend in rows:
                tell(f"{backend}: not installed; its row stays as it was")
                continue
            row: dict = {"backend": backend, "failed": "not installed"}
            if python:
                call(python, backend, "answer", folder, chosen)
                row = summarise(json.loads((Path(folder) / f"{backend}.json").read_text()))
            rows[backend] = row
            _write(path, rows)
            tell(", ".join(f"{key} {value}" for key, value in row.items()))
    return _write(path, rows)


def _write(path: Path, rows: dict[str, dict]) -> "pd.DataFrame":
    import pandas as pd

    from vidattn.bench.results import study_code

    order = [backend for backend in BACKENDS if backend in rows]
    table = pd.DataFrame([rows[backend] for backend in order], columns=[*COLUMNS, study_code.COLUMN])
    table = table.astype(dict.fromkeys(WHOLE, "Int64"))
    table = study_code.stamped(table, "backends")
    atomic.write(path, table.to_csv(index=False, lineterminator="\n", float_format="%.3g"))
    return table


def call(python: str, backend: str, task: str, folder: str, models: list) -> None:
    """Runs a function of this file in a process with that backend, on the processor."""
    settings = {
        "KERAS_BACKEND": backend,
        "CUDA_VISIBLE_DEVICES": "",
        **JAX,
        "JAX_COMPILATION_CACHE_DIR": folder,
    }
    command = [python, "-c", START, str(ROOT), task, str(folder), json.dumps(models)]
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{backend} could not {task}: {done.stderr.strip()[-2000:]}")


def ask(folder: str, models: list) -> None:
    """Stores weights, inputs, outputs and analytic FLOPs of every model, and what one rounding does to it."""
    for number, cell in enumerate(models):
        model = compiled(sample_models.model(tuple(cell), seed=number))
        clips = sample_models.inputs(model, seed=number)
        arrays = {f"w{i}": w for i, w in enumerate(model.get_weights())}
        output = _output(model, clips)
        moved = np.abs(_output(model, _rounded(clips, number)) - output).max()
        answer = {"output": output, "rounding": moved, "flops": cost.cost(model).total}
        np.savez(Path(folder) / f"{number}.npz", **arrays, **clips, **answer)
        keras.backend.clear_session()


def _rounded(clips: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """The inputs, each number up or down by one rounding."""
    rng = np.random.default_rng(seed)
    return {
        name: (array * (1 + ROUNDING * rng.choice([-1.0, 1.0], array.shape))).astype(array.dtype)
        for name, array in clips.items()
    }


def answer(folder: str, models: list) -> None:
    """Tries every model on the backend of this process and stores what came out."""
    backend, start = keras.backend.backend(), time.perf_counter()
    found = []
    for number, cell in enumerate(models):
        try:
            found.append(one(tuple(cell), Path(folder), number))
        except Exception as error:  # the next model may still work; the table names this one
            found.append({"error": f"{type(error).__name__}: {str(error)[:300]}"})
        found[-1]["model"] = "-".join(cell)
        keras.backend.clear_session()
    versions = {"version": importlib.metadata.version(_package(backend)), "keras": keras.__version__}
    seconds = time.perf_counter() - start
    report = {"backend": backend, **versions, "seconds": seconds, "models": found}
    (Path(folder) / f"{backend}.json").write_text(json.dumps(report))


def _package(backend: str) -> str:
    """The distribution that holds a backend."""
    return importlib.metadata.packages_distributions()[backend][0]


def one(cell: sample_models.Names, folder: Path, number: int) -> dict:
    """Difference to the stored output, whether a step trains, whether a saved model reloads exactly."""
    model = compiled(sample_models.model(cell, seed=number + 1000))
    with np.load(folder / f"{number}.npz") as arrays:
        model.set_weights([arrays[f"w{i}"] for i in range(len(model.weights))])
        clips = {name: arrays[name] for name in model.input}
        difference = float(np.abs(_output(model, clips) - arrays["output"]).max())
        rounding = float(arrays["rounding"])
        flops = cost.cost(model).total == arrays["flops"]
    step = trains(model, clips)
    model.save(folder / "model.keras")
    again = keras.models.load_model(folder / "model.keras")
    reload = np.array_equal(_output(model, clips), _output(again, clips))
    checks = {"flops": bool(flops), "step": step, "reload": bool(reload)}
    return {"difference": difference, "rounding": rounding, **checks}


def compiled(model: keras.Model) -> keras.Model:
    """The model with a loss and an optimiser. JAX compiles whole steps: op by op it would take far longer.

    Gradients are clipped: batch norm over two samples of one position makes them as large as they can be.
    """
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.SGD(0.01, clipnorm=1.0), loss, run_eagerly=keras.backend.backend() != "jax"
    )
    return model


def trains(model: keras.Model, clips: dict[str, np.ndarray]) -> bool:
    """Whether one step has a finite loss, changes weights, and leaves a model with finite outputs."""
    before = [keras.ops.convert_to_numpy(w) for w in model.trainable_weights]
    value = model.train_on_batch(clips, np.arange(len(next(iter(clips.values())))) % sample_models.CLASSES)
    after = [keras.ops.convert_to_numpy(w) for w in model.trainable_weights]
    changed = any((a != b).any() for a, b in zip(before, after, strict=True))
    return bool(np.isfinite(value).all() and changed and np.isfinite(_output(model, clips)).all())


def _output(model: keras.Model, clips: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(model.predict_on_batch(clips))


def summarise(report: dict) -> dict:
    """One row of the table from what a backend stored."""
    models = report["models"]
    good = [m for m in models if "error" not in m]
    worst = max(
        good, key=lambda m: m["difference"], default=dict.fromkeys(("difference", "model", "rounding"))
    )
    counts = {f"{k}s_ok": sum(m[k] for m in good) for k in ("step", "reload")}
    failed = [f"{m['model']} ({m['error']})" for m in models if "error" in m]
    return {
        **{key: report[key] for key in ("backend", "version", "keras")},
        "models": len(models),
        "max_difference": worst["difference"],
        "worst": worst["model"],
        "worst_rounding": worst["rounding"],
        "same_flops": sum(m["flops"] for m in good),
        **counts,
        "seconds": round(report["seconds"], 1),
        "failed": "; ".join(failed),
    }

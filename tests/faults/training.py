"""What stands in for training and for what differs from run to run, where neither is the object.

The stand-in reads what a run reads, saves and finds its checkpoint by the real code, scores by the distance
to the classes' means, and heeds the code of the cell's attention, as a network would.
"""

import importlib
import inspect
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.runner import execute
from vidattn.bench.system import environment, peak_memory
from vidattn.bench.train import checkpoint, frozen_features, one_run, reproducible
from vidattn.bench.train.fold_data import Inputs, open_inputs
from vidattn.data.files import archives, pool
from vidattn.models import build

EPOCHS = 3
WIDTH = 5  # features of the stand-in for a frozen backbone


def stand_in() -> None:
    """Put the stand-ins into this process, and so into all that are forked from it."""
    one_run.run_trained = run_trained
    build.features = features
    reproducible.one_thread = frozen_features.quiet_keras = lambda: None
    peak_memory.memory_mb = lambda: 1.0
    environment.git_commit = lambda: "unknown"
    environment.device = execute.store.device = lambda: "any"
    one_run.time = importlib.import_module("vidattn.bench.train.nearest").time = SimpleNamespace(
        monotonic=lambda: 0.0
    )
    pool.cores = lambda: 1
    archives.RATIO_FROM = 2**20  # bombs in small: bytes that any archive may hold


def features(*_: object, **__: object) -> SimpleNamespace:
    """A frozen backbone: sums of (B, H, W, 3) over places and channels, (B, WIDTH)."""

    def predict(frames: np.ndarray) -> np.ndarray:
        sides = np.linspace(0.5, 1.5, frames.shape[1], dtype="float32")[None, :, None, None]
        return np.stack([(frames * sides**k).mean(axis=(1, 2, 3)) for k in range(WIDTH)], axis=1)

    return SimpleNamespace(predict_on_batch=predict, output_shape=(None, WIDTH))


def run_trained(plan: RunPlan, folder: Path, tell) -> dict[str, bytes]:
    """The files of a run, as `one_run.run_trained` leaves them."""
    inputs, saved = open_inputs(plan), folder / "checkpoint0.npz"
    found = checkpoint.load(saved)
    fits = found and [each.dtype.kind for each in found[0]] == ["f"]  # else it is damaged, as for `restore`
    means, epoch = (found[0][0], found[2]["epoch"]) if fits else (None, 0)
    while epoch < EPOCHS:
        means = _epoch(plan, inputs, means, epoch)
        epoch += 1
        checkpoint.save(saved, [means], None, {"epoch": epoch})
        tell(f"epoch {epoch} of {EPOCHS}")
    shift = np.float32(zlib.crc32(_code(plan).encode()) % 97) / 97

    def score(streams: dict) -> np.ndarray:
        vectors = _vectors(streams)
        return shift - ((vectors[:, None] - means[None]) ** 2).sum(axis=-1)

    roles = [role for role in one_run.SCORED if inputs.ids(role)]
    scores = {role: inputs.predict(score, role, plan.protocol) for role in roles}
    measured = {"epochs": EPOCHS, "selected_epoch": EPOCHS, "history": {"loss": [1.0] * EPOCHS}}
    measured |= {"weights": "random", "parameters": means.size, "trainable": means.size, "flops": 100}
    measured["activations"] = 100
    timing = {"train_seconds": 1.0, "evaluate_seconds": 0.1, "latency_ms": 1.0}
    files = one_run.scored(plan, inputs, scores, measured, timing)
    return {**files, "weights.npz": one_run._npz({"w0": means})}


def _epoch(plan: RunPlan, inputs: Inputs, means: np.ndarray | None, epoch: int) -> np.ndarray:
    """Means of the classes (K, D), moved towards those of the batches."""
    batches = inputs.batches("train", plan.protocol, seed=plan.order_seed, epoch=epoch, training=True)
    for streams, labels in batches:
        vectors = _vectors(streams)
        if means is None:
            means = np.zeros((len(inputs.classes), vectors.shape[1]), "float32")
        for vector, label in zip(vectors, labels):
            means[label] += (vector - means[label]) / np.float32(2.0)
    return means


def _vectors(streams: dict[str, np.ndarray]) -> np.ndarray:
    """Clips (B, ...) as (B, D): halves of their frames, by channel."""
    parts = []
    for name in sorted(streams):
        clip = streams[name].astype("float32").reshape(len(streams[name]), -1, streams[name].shape[-1])
        parts += [half.mean(axis=1) for half in np.array_split(clip, 2, axis=1)]
    return np.concatenate(parts, axis=1)


def _code(plan: RunPlan) -> str:
    """What a network would be built by: the attention as it was imported, with its defaults."""
    module = importlib.import_module(f"vidattn.models.attention.{plan.plugins['attention']}")
    return str(inspect.signature(module.attention))

"""Leakage probe: the nearest training clip by cosine of mean frame features. Nothing is trained.

What it scores above its value on group-disjoint folds is what a random split gives away for nothing.
"""

import time

import numpy as np

from vidattn.bench.cell import Cell, Run
from vidattn.bench.inputs import Inputs, open_inputs
from vidattn.bench.params import Params

STREAMS = ("rgb",)


def is_nearest(cell: Cell) -> bool:
    """True for the probe's cells."""
    return cell.architecture == "nearest"


def run_nearest(run: Run, params: Params) -> dict[str, bytes]:
    """Score one run of the probe; its memory is what the heads of its protocol train on."""
    from vidattn.bench import evaluate

    inputs = open_inputs(run, params)
    if inputs.features is None:
        raise ValueError(f"{run.id}: the probe reads stored features; use a protocol with encoder: frozen.")
    start = time.monotonic()
    known = inputs.ids("train")
    logits = scores(
        _means(inputs, known), _labels(inputs, known), _means(inputs, inputs.ids("test")), len(inputs.classes)
    )
    seconds = round(time.monotonic() - start, 2)
    none = {"parameters": 0, "trainable": 0, "flops": 0, "activations": 0, "epochs": 0, "history": {}}
    measured = {**none, "weights": params.protocols[run.cell.protocol].weights}
    timing = {"train_seconds": 0.0, "evaluate_seconds": seconds}
    return evaluate.scored(
        run, params, inputs, {"test": (logits, _labels(inputs, inputs.ids("test")))}, measured, timing
    )


def scores(known: np.ndarray, labels: np.ndarray, asked: np.ndarray, classes: int) -> np.ndarray:
    """Cosine to the nearest known clip of each class: (N, D), (N,), (M, D) -> (M, K) float32."""
    unit = [x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in (asked, known)]
    cosine = unit[0] @ unit[1].T  # (M, N)
    out = np.full((len(asked), classes), -1.0, dtype="float32")
    for k in np.unique(labels):
        out[:, k] = cosine[:, labels == k].max(axis=1)
    return out


def _means(inputs: Inputs, ids) -> np.ndarray:
    stored = inputs.streams["features"]
    return np.stack([stored.read([i])[0].astype("float32").mean(axis=0) for i in ids])


def _labels(inputs: Inputs, ids) -> np.ndarray:
    return np.array([inputs.labels[i] for i in ids])

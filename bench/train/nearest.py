"""Runs of architectures that are no network and score test clips from stored features by themselves."""

import importlib
import time

import numpy as np

from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.train import one_run
from vidattn.bench.train.fold_data import Inputs, open_inputs


def run_nearest(plan: RunPlan) -> dict[str, bytes]:
    """Score one run of a probe; its memory is what the heads of its protocol train on.

    Its file has `scores`, which compares mean features of test and training clips, or `vectors` and `fit`.
    """
    inputs = open_inputs(plan)
    if inputs.features is None:
        raise ValueError(f"{plan.id}: the probe reads stored features; use a protocol with encoder: frozen.")
    start = time.monotonic()
    file = importlib.import_module(f"vidattn.models.architectures.{plan.plugins['architecture']}")
    scored, facts = (_fitted if hasattr(file, "fit") else _compared)(file, inputs, plan)
    timing = {"train_seconds": round(time.monotonic() - start, 2), "evaluate_seconds": 0.0}
    none = {"parameters": 0, "flops": 0, "activations": 0, "epochs": 0, "history": {}}
    measured = {**none, **facts, "weights": plan.protocol.weights}
    measured["trainable"] = measured["parameters"]
    labels = {role: _labels(inputs, inputs.ids(role))[: len(made)] for role, made in scored.items()}
    scores = {role: (made, labels[role]) for role, made in scored.items()}
    return one_run.scored(plan, inputs, scores, measured, timing)


def _compared(file, inputs: Inputs, plan: RunPlan) -> tuple[dict[str, np.ndarray], dict]:
    """Logits (M, K) of the test clips from their similarity to training clips."""
    train, test = (_means(inputs, inputs.ids(role)) for role in ("train", "test"))
    return {"test": file.scores(train, _labels(inputs, inputs.ids("train")), test, len(inputs.classes))}, {}


def _fitted(file, inputs: Inputs, plan: RunPlan) -> tuple[dict[str, np.ndarray], dict]:
    """Logits by role of a model that is fitted to training clips, a setting of it chosen on validation."""
    sides = {}
    for role in ("train", "validation", "test"):
        if inputs.ids(role):
            batches = [(x["features"], y) for x, y in inputs.batches(role, plan.protocol)]
            clips, labels = (np.concatenate(part) for part in zip(*batches))
            sides[role] = file.vectors(clips).astype("float64"), labels
    train = sides.pop("train")
    others = {role: clips for role, (clips, _) in sides.items()}
    return file.fit(train, sides.get("validation"), others, len(inputs.classes))


def _means(inputs: Inputs, ids) -> np.ndarray:
    stored = inputs.streams["features"]
    return np.stack([stored.read([i])[0].astype("float32").mean(axis=0) for i in ids])


def _labels(inputs: Inputs, ids) -> np.ndarray:
    return np.array([inputs.labels[i] for i in ids])

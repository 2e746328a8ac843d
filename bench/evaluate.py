"""Evaluation: the whole test set once, in order; scores kept for fusion, predictions for the tables."""

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vidattn.bench import executor, peak, train
from vidattn.bench.cell import Run
from vidattn.bench.inputs import Inputs, open_inputs
from vidattn.bench.metrics import all_finite, all_metrics
from vidattn.bench.params import Params
from vidattn.bench.records import predictions, record

Files = dict[str, bytes]
SCORED = ("validation", "test")
COSTS = ("parameters", "trainable", "flops", "activations")


def run_trained(run: Run, params: Params, folder: Path, tell: Callable[[str], None]) -> Files:
    """Train and score one run. `folder` holds its checkpoint while it is unfinished."""
    from vidattn.bench import complexity

    inputs = open_inputs(run, params)
    model, states = train.fit(run, params, inputs, folder, tell)
    rate = train.chosen(states)
    state = states[rate]
    protocol = params.protocols[run.cell.protocol]
    start = time.monotonic()
    scores = {role: inputs.predict(model, role, protocol) for role in SCORED if inputs.ids(role)}
    seconds = time.monotonic() - start
    trained = sum(s.seconds for s in states.values())
    timing = {"train_seconds": round(trained, 2), "evaluate_seconds": round(seconds, 2)}
    measured = {
        "epochs": state.epoch,
        "selected_epoch": state.selected,
        "history": _history(state),
        **(_choice(states, rate) if len(states) > 1 else {}),
        "weights": protocol.weights,
        **{k: v for k, v in complexity.measure(model, profile=False).items() if k in COSTS},
    }
    files = scored(run, params, inputs, scores, measured, timing)
    files["weights.npz"] = _npz({f"w{i}": w for i, w in enumerate(model.get_weights())})
    return files


def _history(state: train.State) -> dict[str, list[float]]:
    return {k: v for k, v in state.history.items() if v}


def _choice(states: dict[float, train.State], rate: float) -> dict[str, Any]:
    """The learning rate that validation chose, and what every rate reached."""
    rates = [
        {
            "learning_rate": each,
            "validation_top1": round(state.best[0], 6),
            "validation_loss": round(-state.best[1], 6),
            "epochs": state.epoch,
            "selected_epoch": state.selected,
            "history": _history(state),
        }
        for each, state in states.items()
    ]
    return {"learning_rate": rate, "learning_rates": rates}


def scored(run: Run, params: Params, inputs: Inputs, scores: dict, measured: dict, timing: dict) -> Files:
    """The files of a finished run from its finite scores {role: (logits (N, K), labels (N,))}."""
    for role, (made, _) in scores.items():
        all_finite(made, inputs.ids(role), role, run.id)
    logits, labels = scores["test"]
    ids = list(inputs.ids("test"))[: len(labels)]
    groups = [inputs.groups[i] for i in ids]
    table = predictions(ids, groups, labels, logits, list(inputs.classes))
    content = record(run, **_facts(run, params, inputs, scores), **measured)
    timing = {**timing, "peak_memory_mb": peak.memory_mb(), "device": content["device"]}
    arrays = {
        f"{role}_{part}": a for role, pair in scores.items() for part, a in zip(("logits", "labels"), pair)
    }
    # fixed-width text, which loads without pickle: fusion compares the clips of its streams
    arrays |= {f"{role}_ids": np.array(inputs.ids(role)[: len(pair[1])]) for role, pair in scores.items()}
    return {
        "record.json": _json(content),
        "predictions.csv": table.encode(),
        "timing.json": _json(timing),
        "scores.npz": _npz(arrays),
    }


def _facts(run: Run, params: Params, inputs: Inputs, scores: dict) -> dict[str, Any]:
    protocol = params.protocols[run.cell.protocol]
    logits, labels = scores["test"]
    fold = inputs.fold
    return {
        "metrics": {k: round(v, 6) for k, v in all_metrics(logits, labels).items()},
        "validation": all_metrics(*scores["validation"]) if "validation" in scores else {},
        "n": len(labels),
        "n_official": fold.official["test"],
        "quarantined": fold.quarantined["test"],
        "dropped": list(fold.dropped),
        "n_train": len(inputs.ids("train")),
        "n_validation": len(inputs.ids("validation")),
        "classes": list(inputs.classes),
        "leaks": fold.leaks(),
        "protocol": protocol.settings(),
        "digests": executor.ingredients(run, params),
    }


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()

"""Evaluation: the whole test set once, in order; scores kept for fusion, predictions for the tables."""

import io
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.system import environment, peak_memory
from vidattn.bench.system.digests import json_text
from vidattn.bench.train import loop
from vidattn.bench.train.fold_data import Inputs, open_inputs
from vidattn.bench.train.scoring import all_finite

Files = dict[str, bytes]
SCORED = ("validation", "test")


def run_trained(plan: RunPlan, folder: Path, tell: Callable[[str], None]) -> Files:
    """Train and score one run. `folder` holds its checkpoint while it is unfinished."""
    inputs = open_inputs(plan)
    trainer, states = loop.fit(plan, inputs, folder, tell)
    rate = loop.best_rate(states)
    state = states[rate]
    protocol = plan.protocol
    start = time.monotonic()
    scores = {role: inputs.predict(trainer.scores, role, protocol) for role in SCORED if inputs.ids(role)}
    seconds = time.monotonic() - start
    trained = sum(s.seconds for s in states.values())
    timing = {"train_seconds": round(trained, 2), "evaluate_seconds": round(seconds, 2)}
    timing["latency_ms"] = trainer.latency_ms
    measured = {
        "epochs": state.epoch,
        "selected_epoch": state.selected,
        "history": _history(state),
        **loop.ending(state, plan, inputs),
        **(_choice(states, rate) if len(states) > 1 else {}),
        "weights": protocol.weights,
        **trainer.costs,
    }
    files = scored(plan, inputs, scores, measured, timing)
    files["weights.npz"] = _npz({f"w{i}": w for i, w in enumerate(trainer.whole.get_weights())})
    return files


def _history(state: loop.State) -> dict[str, list[float]]:
    return {k: v for k, v in state.history.items() if v}


def _choice(states: dict[float, loop.State], rate: float) -> dict[str, Any]:
    """The learning rate that validation chose, and what every rate reached."""
    rates = [
        {
            "learning_rate": each,
            "validation_top1": round(state.best[1], 6),
            "validation_loss": round(-state.best[0], 6),
            "epochs": state.epoch,
            "selected_epoch": state.selected,
            "history": _history(state),
        }
        for each, state in states.items()
    ]
    return {"learning_rate": rate, "learning_rates": rates}


def scored(plan: RunPlan, inputs: Inputs, scores: dict, measured: dict, timing: dict) -> Files:
    """The files of a finished run from its finite scores {role: (logits (N, K), labels (N,))}.

    Metrics are not among them: they are computed from the scores, whenever a record is written.
    """
    for role, (logits, _) in scores.items():
        all_finite(logits, inputs.ids(role), role, plan.id)
    timing = {**timing, "peak_memory_mb": peak_memory.memory_mb(), "device": environment.device()}
    timing["git_commit"] = environment.git_commit()
    return {
        "run.json": json_text({**_facts(plan, inputs, len(scores["test"][1])), **measured}).encode(),
        "timing.json": json_text(timing).encode(),
        "scores.npz": _npz(_arrays(inputs, scores)),
    }


def _arrays(inputs: Inputs, scores: dict) -> dict[str, np.ndarray]:
    """Logits (N, K) and labels, ids and groups (N,) of the clips of each role; text of fixed width."""
    arrays = {}
    for role, (logits, labels) in scores.items():
        ids = inputs.ids(role)[: len(labels)]
        groups = [inputs.groups[clip] for clip in ids]
        parts = {"logits": logits, "labels": labels, "ids": np.array(ids), "groups": np.array(groups)}
        arrays |= {f"{role}_{name}": array for name, array in parts.items()}
    return arrays


def _facts(plan: RunPlan, inputs: Inputs, n: int) -> dict[str, Any]:
    """What was run, on which clips, with what: the same from every rerun."""
    run, fold = plan.run, inputs.fold
    return {
        "cell": asdict(run.cell),
        "fold": run.fold,
        "seed": run.seed,
        "versions": environment.versions(),
        "device": environment.device(),
        "n": n,
        "n_official": fold.official["test"],
        "quarantined": fold.quarantined["test"],
        "dropped": list(fold.dropped),
        "n_train": len(inputs.ids("train")),
        "n_validation": len(inputs.ids("validation")),
        "classes": list(inputs.classes),
        "leaks": fold.leaks(),
        "protocol": plan.protocol.settings(),
        "digests": plan.digests,
    }


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()

"""Late fusion of streams that were trained alone (Simonyan & Zisserman 2014, section 4)."""

import json
from collections.abc import Callable

import numpy as np

from vidattn.bench.cell import Cell, Run
from vidattn.bench.metrics import softmax, top1
from vidattn.bench.params import Params

STREAMS = {"rgb": "frame_average", "flow": "temporal_stream"}


def is_fused(cell: Cell) -> bool:
    """True where a cell is assembled from other cells' scores and trains nothing itself."""
    return cell.architecture == "two_stream"


def stream_runs(run: Run) -> list[Run]:
    """The runs whose scores a fused run needs."""
    return [Run(run.cell.with_(architecture=a), run.fold, run.seed) for a in STREAMS.values()]


def fuse(streams: list[np.ndarray], weight: float) -> np.ndarray:
    """Log of the weighted mean of two streams' class probabilities. `weight` is that of the first."""
    first, second = (softmax(s) for s in streams)
    return np.log(np.maximum(weight * first + (1 - weight) * second, 1e-12)).astype("float32")


def best_weight(streams: list[np.ndarray], labels: np.ndarray) -> float:
    """The weight, in tenths, with the best top-1; the one nearest to one half among equals."""
    grid = sorted(np.arange(11) / 10, key=lambda w: abs(w - 0.5))
    return float(max(grid, key=lambda w: top1(fuse(streams, w), labels)))


def svm(streams: dict[str, list[np.ndarray]], labels: np.ndarray) -> dict[str, np.ndarray]:
    """Scores of a linear SVM on both streams' probabilities, fitted on the validation clips only.

    The streams have never seen these clips, so their probabilities are as honest there as on the test set.
    """
    from sklearn.svm import LinearSVC

    stacked = {role: np.concatenate([softmax(s) for s in pair], axis=1) for role, pair in streams.items()}
    model = LinearSVC(C=1.0, random_state=0).fit(stacked["validation"], labels)
    width = streams["test"][0].shape[1]
    out = {}
    for role, x in stacked.items():
        raw = model.decision_function(x)
        raw = np.stack([-raw, raw], 1) if raw.ndim == 1 else raw
        scores = np.full((len(x), width), raw.min() - 1.0, dtype="float32")
        scores[:, model.classes_] = raw
        out[role] = scores
    return out


def run_fused(run: Run, params: Params, tell: Callable[[str], None]) -> dict[str, bytes]:
    """Score a fused run from the stored scores of its streams, which are trained first where missing."""
    from vidattn.bench import evaluate, executor
    from vidattn.bench.inputs import open_inputs

    parts = [executor.execute(r, params, tell) for r in stream_runs(run)]
    arrays = [np.load(p / "scores.npz", allow_pickle=False) for p in parts]
    roles = [role for role in evaluate.SCORED if f"{role}_logits" in arrays[0]]
    streams = {role: [a[f"{role}_logits"] for a in arrays] for role in roles}
    labels = {role: arrays[0][f"{role}_labels"] for role in roles}
    fused, notes = combine(streams, labels, params.architectures["two_stream"].get("fusion", "average"))
    inputs = open_inputs(run, params)
    scores = {role: (fused[role], labels[role]) for role in roles}
    return evaluate.scored(run, params, inputs, scores, {**_sums(parts), **notes}, _timing(parts))


def combine(streams: dict, labels: dict, fusion: str) -> tuple[dict[str, np.ndarray], dict]:
    """Fused scores by role, and what was chosen for it."""
    if fusion not in ("average", "weighted", "svm"):
        raise ValueError(f"Unknown fusion '{fusion}'. Expected one of: average, weighted, svm.")
    if fusion != "average" and "validation" not in streams:
        raise ValueError(
            f"Fusion '{fusion}' needs validation clips; this protocol has none. Use fusion: average."
        )
    if fusion == "svm":
        return svm(streams, labels["validation"]), {"fusion": "svm"}
    weight = 0.5 if fusion == "average" else best_weight(streams["validation"], labels["validation"])
    return {role: fuse(pair, weight) for role, pair in streams.items()}, {
        "fusion": fusion,
        "fusion_weight": weight,
    }


def _sums(parts: list) -> dict:
    """Cost of a fused model: the sum of its streams'."""
    found = [json.loads((p / "record.json").read_text()) for p in parts]
    total = {k: sum(r[k] for r in found) for k in ("parameters", "trainable", "flops", "activations")}
    return {**total, "epochs": max(r["epochs"] for r in found), "history": {}, "weights": found[0]["weights"]}


def _timing(parts: list) -> dict:
    found = [json.loads((p / "timing.json").read_text()) for p in parts]
    return {k: round(sum(t[k] for t in found), 2) for k in ("train_seconds", "evaluate_seconds")}

"""Late fusion of streams that were trained alone (Simonyan & Zisserman 2014, section 4)."""

import json
from itertools import zip_longest
from pathlib import Path

import numpy as np

from vidattn.bench.config.cell import Run
from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.train import one_run
from vidattn.bench.train.fold_data import open_inputs
from vidattn.bench.train.scoring import all_finite, softmax, top1


def fuse(streams: list[np.ndarray], weight: float) -> np.ndarray:
    """Log of the weighted mean of two streams' class probabilities. `weight` is that of the first."""
    first, second = (softmax(s) for s in streams)
    return np.log(np.maximum(weight * first + (1 - weight) * second, 1e-12)).astype("float32")


def best_weight(streams: list[np.ndarray], labels: np.ndarray) -> float:
    """The weight, in tenths, with the best top-1; the one nearest to one half among equals."""
    grid = sorted(np.arange(11) / 10, key=lambda w: abs(w - 0.5))
    return float(max(grid, key=lambda w: top1(fuse(streams, w), labels)))


def svm(streams: dict[str, list[np.ndarray]], labels: np.ndarray) -> dict[str, np.ndarray]:
    """Test scores of a linear SVM on both streams' probabilities, fitted on the validation clips only.

    The streams have never seen these clips, so their probabilities are as honest there as on the test set.
    The SVM's own scores are not, so it has none there.
    """
    from sklearn.svm import LinearSVC

    stacked = {role: np.concatenate([softmax(s) for s in pair], axis=1) for role, pair in streams.items()}
    model = LinearSVC(C=1.0, random_state=0).fit(stacked["validation"], labels)
    width = streams["test"][0].shape[1]
    raw = model.decision_function(stacked["test"])
    raw = np.stack([-raw, raw], 1) if raw.ndim == 1 else raw
    scores = np.full((len(raw), width), raw.min() - 1.0, dtype="float32")
    scores[:, model.classes_] = raw
    return {"test": scores}


def run_fused(plan: RunPlan, places: list[Path]) -> dict[str, bytes]:
    """Score a fused run from the finished runs of its streams, which lie in `places`."""
    arrays = [stored(place / "scores.npz", part.run) for place, part in zip(places, plan.parts)]
    roles = [role for role in one_run.SCORED if f"{role}_logits" in arrays[0]]
    for role in roles:
        same_clips(plan.run, role, [a.get(f"{role}_ids", np.array([])) for a in arrays])
    streams = {role: [a[f"{role}_logits"] for a in arrays] for role in roles}
    labels = {role: arrays[0][f"{role}_labels"] for role in roles}
    inputs = open_inputs(plan)
    steps = (inputs.frames, inputs.frames - inputs.flow_length)
    fused, notes = combine(streams, labels, steps, **options(plan))
    scores = {role: (fused[role], labels[role]) for role in fused}
    return one_run.scored(plan, inputs, scores, {**_sums(places), **notes}, _timing(places))


def stored(path: Path, run: Run) -> dict[str, np.ndarray]:
    """Logits (N, K), labels (N,) and clip ids (N,) of a stream's run, by role and part: `test_logits`, ..."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    for role in [name.removesuffix("_logits") for name in arrays if name.endswith("_logits")]:
        if f"{role}_ids" not in arrays:
            raise ValueError(
                f"{path} does not say which clips its scores are of; an older version wrote it. "
                f"Remove {path.parent} and make it again: vidattn run {run.cell.id}"
            )
        all_finite(arrays[f"{role}_logits"], arrays[f"{role}_ids"], role, run.id)
    return arrays


def same_clips(run: Run, role: str, ids: list[np.ndarray]) -> None:
    """Raise ValueError where the two streams of a fused run were not scored on the same clips, in order."""
    for number, (first, second) in enumerate(zip_longest(*(i.tolist() for i in ids)), 1):
        if first != second:
            names = " and ".join(f"'{i}' in {stream}" for i, stream in zip((first, second), ("rgb", "flow")))
            raise ValueError(
                f"{run.id}: its streams were scored on different {role} clips; clip {number} is {names}. "
                "Clips that could not be extracted are left out: see `failed` in index.json of the stored "
                f"frames and flow of '{run.cell.dataset}', and make them again."
            )


def options(plan: RunPlan) -> dict:
    """`fusion` and `flow_weight` of a run."""
    given = plan.architecture_params
    return {name: given[name] for name in ("fusion", "flow_weight") if name in given}


def combine(
    streams: dict,
    labels: dict,
    steps: tuple[int, int],
    fusion: str = "average",
    flow_weight: float | None = None,
) -> tuple[dict[str, np.ndarray], dict]:
    """Fused scores by role, and what was chosen for it. The names are those of the architecture's FUSIONS.

    Args:
        streams: Logits (N, K) of RGB and of flow, by role.
        labels: Labels (N,) by role.
        steps: Predictions averaged in a clip: T frames, and T - L stacks of flow.
        fusion: "average"; "weighted", flow counts `flow_weight` times RGB; "time", every step alike (the
            thesis' code); "svm", see `svm`.
        flow_weight: None for the weight, in tenths, that is best on validation clips.
    """
    fitted = fusion == "svm" or (fusion == "weighted" and flow_weight is None)
    if fitted and "validation" not in streams:
        raise ValueError(
            f"Fusion '{fusion}' needs validation clips; this protocol has none. Use fusion: average, "
            "time, or weighted with a flow_weight."
        )
    if fusion == "svm":
        return svm(streams, labels["validation"]), {"fusion": "svm", "fusion_fitted_on": "validation"}
    weight = _weight(streams, labels, steps, fusion, flow_weight)
    notes = {"fusion": fusion, "fusion_weight": weight}
    return {role: fuse(pair, weight) for role, pair in streams.items()}, notes


def _weight(streams: dict, labels: dict, steps: tuple, fusion: str, flow_weight: float | None) -> float:
    """The share of RGB."""
    if fusion == "weighted" and flow_weight is None:
        return best_weight(streams["validation"], labels["validation"])
    shares = {"average": (1, 1), "weighted": (1, flow_weight), "time": steps}
    if fusion not in shares:
        raise ValueError(f"Unknown fusion '{fusion}'. Expected one of: average, weighted, time, svm.")
    return shares[fusion][0] / sum(shares[fusion])


def _sums(parts: list) -> dict:
    """Cost of a fused model: the sum of its streams'."""
    found = [json.loads((p / "run.json").read_text()) for p in parts]
    total = {k: sum(r[k] for r in found) for k in ("parameters", "trainable", "flops", "activations")}
    return {**total, "epochs": max(r["epochs"] for r in found), "history": {}, "weights": found[0]["weights"]}


def _timing(parts: list) -> dict:
    found = [json.loads((p / "timing.json").read_text()) for p in parts]
    return {k: round(sum(t[k] for t in found), 2) for k in ("train_seconds", "evaluate_seconds")}

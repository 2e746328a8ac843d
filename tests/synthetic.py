"""Invented results in the form of real ones; `python tests/synthetic.py` rewrites tests/golden/results."""

import json
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

GOLDEN = Path(__file__).parent / "golden"
CLASSES = ["bow", "clap", "jump", "nod", "turn", "wave"]
FAMILIES = {"appearance": ["bow", "clap"], "motion": ["jump", "nod"], "timing": ["turn", "wave"]}
CELLS = {  # id -> accuracy per family
    "actors-tiny-none-frame_average-clean": (0.70, 0.40, 0.35),
    "actors-tiny-cbam-frame_average-clean": (0.95, 0.40, 0.35),
    "actors-tiny-l2pa-frame_average-clean": (0.72, 0.40, 0.40),
    "actors-tiny-none-two_stream-clean": (0.70, 0.95, 0.40),
    "actors-tiny-none-lstm-clean": (0.70, 0.60, 0.55),
    "actors-tiny-none-lstm_attention-clean": (0.70, 0.60, 0.95),
}
MISSING = "actors-tiny-cbam-two_stream-clean"
COMPARE = {
    "families": FAMILIES,
    "contrasts": [
        {
            "name": "spatial attention",
            "classes": "appearance",
            "cell": "actors-tiny-cbam-frame_average-clean",
            "control": "actors-tiny-none-frame_average-clean",
        },
        {
            "name": "spatial attention (L2PA)",
            "classes": "appearance",
            "cell": "actors-tiny-l2pa-frame_average-clean",
            "control": "actors-tiny-none-frame_average-clean",
        },
        {
            "name": "flow stream",
            "classes": "motion",
            "cell": "actors-tiny-none-two_stream-clean",
            "control": "actors-tiny-none-frame_average-clean",
        },
    ],
}


def write(root: Path, cells: dict = CELLS, folds=3, seeds=1, groups=4, clips=2) -> Path:
    """Write records, predictions, timings and complexity of invented cells below `root`."""
    for cell, rates in cells.items():
        for fold in range(1, folds + 1):
            for seed in range(seeds):
                write_run(root, cell, fold, seed, _predict(cell, rates, fold, seed, groups, clips))
        _json(root / "complexity" / f"{'-'.join(cell.split('-')[1:4])}.json", _complexity(cell))
    return root


def write_run(root: Path, cell: str, fold: int, seed: int, predictions: pd.DataFrame, **changes) -> None:
    """Write one run's three files."""
    name = f"{cell}/{fold}-{seed}"
    _json(root / "records" / f"{name}.json", {**_record(cell, fold, seed, predictions), **changes})
    seconds = 10.0 + 3 * fold + seed
    timing = {"train_seconds": seconds, "evaluate_seconds": 1.5, "peak_memory_mb": 400 + fold}
    _json(root / "timings" / f"{name}.json", {**timing, "latency_ms": 7.25, "device": "cpu"})
    path = root / "predictions" / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    predictions.to_csv(path, index=False, float_format="%.4f", lineterminator="\n")


def _predict(cell: str, rates: tuple, fold: int, seed: int, groups: int, clips: int) -> pd.DataFrame:
    """Predictions whose errors lean on the group, as those of real clips do."""
    draw = np.random.default_rng([fold, seed, zlib.crc32(cell.encode())])
    shared = np.random.default_rng(fold)
    rows = []
    for group in range(groups):
        shift = shared.normal(0, 0.12)
        for label in CLASSES:
            rate = rates[[label in members for members in FAMILIES.values()].index(True)] + shift
            for clip in range(clips):
                right = draw.random() < rate
                wrong = CLASSES[(CLASSES.index(label) + draw.integers(1, 6)) % 6]
                rank = 1 if right else int(draw.integers(2, 7))
                name = f"{label}_f{fold}g{group}_c{clip}"
                rows.append([name, f"f{fold}g{group}", label, label if right else wrong, rank, draw.random()])
    return pd.DataFrame(rows, columns=["clip", "group", "label", "prediction", "rank", "confidence"])


def _record(cell: str, fold: int, seed: int, frame: pd.DataFrame) -> dict:
    dataset, backbone, attention, architecture, protocol = cell.split("-")
    hit = frame["label"] == frame["prediction"]
    metrics = {"top1": float(hit.mean()), "top5": float((frame["rank"] <= 5).mean())}
    metrics["per_class"] = float(hit.groupby(frame["label"]).mean().mean())
    loss = [round(1.8 * 0.8**epoch + 0.02 * fold, 4) for epoch in range(6)]
    size = _complexity(cell)
    return {
        "cell": dict(zip(("dataset", "backbone", "attention", "architecture", "protocol"), cell.split("-"))),
        "fold": fold,
        "seed": seed,
        "suite_kind": "video",
        "metrics": metrics,
        "validation": {"top1": round(metrics["top1"], 2)},
        "n": len(frame),
        "n_official": len(frame),
        "quarantined": 0,
        "n_train": 2 * len(frame),
        "classes": CLASSES,
        "leaks": {"clips": 0, "groups": 0, "duplicates": 0},
        "epochs": 6,
        "selected_epoch": 5,
        "history": {"loss": loss, "val_loss": [x + 0.1 for x in loss], "val_top1": [1 - x / 2 for x in loss]},
        "parameters": size["parameters"],
        "trainable": size["trainable"],
        "flops": size["flops"],
        "weights": "random",
        "digests": {"params": "p" * 12, "data": "d" * 12, "code": "c" * 12},
        "versions": {"keras": "3.15.1", "tensorflow": "2.21.0"},
        "backend": "tensorflow",
        "device": "cpu",
        "protocol": {"kind": protocol, "defects": [], "epochs": 6},
    }


def _complexity(cell: str) -> dict:
    _, backbone, attention, architecture, _ = cell.split("-")
    factor = {"cbam": 103, "l2pa": 140}.get(attention, 100) * (2 if architecture == "two_stream" else 1)
    sizes = {"parameters": 100 * factor, "trainable": 99 * factor, "flops": 12_345 * factor}
    names = {"backbone": backbone, "attention": attention, "architecture": architecture}
    setting = {"classes": 6, "size": 64, "frames": 8, "flops_analytic": sizes["flops"], "ops": {"Conv2D": 1}}
    return {**names, **sizes, **setting, "versions": {"keras": "3.15.1"}}


def _json(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    write(GOLDEN / "results")

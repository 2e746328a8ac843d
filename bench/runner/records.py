"""Records and predictions, made from what the store keeps of a run: its facts and its scores."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from vidattn.bench.config.cell import RESULTS, Run
from vidattn.bench.results import files, seals
from vidattn.bench.runner import whole
from vidattn.bench.runner.metrics import all_metrics, ranks
from vidattn.bench.system.digests import json_text
from vidattn.bench.train.scoring import softmax
from vidattn.data.files import atomic

KINDS = {"records": ".json", "predictions": ".csv", "timings": ".json"}  # kind of result -> its files' ending
KEPT = ("run.json", "scores.npz", "timing.json")  # what is needed of a run


def write(run: Run, place: Path, root: Path = RESULTS) -> dict[str, Any]:
    """Write record, predictions and timing of a run into results/, from its files in `place`.

    Returns:
        The record.

    Raises:
        ValueError: A file is missing or is not the one that was written.
    """
    if why := whole.fault(place, KEPT):
        command = f"vidattn run {run.cell.id} --fold {run.fold} --seed {run.seed}"
        raise ValueError(f"{place} does not hold a whole run ({why}). Make it again: {command}")
    with np.load(place / "scores.npz", allow_pickle=False) as stored:
        scores = dict(stored)
    facts = json.loads((place / "run.json").read_text(encoding="utf-8"))
    table = predictions(scores, facts["classes"])
    record = seals.sealed({**facts, **_metrics(scores)}, table.encode())
    contents = {
        "records": json_text(record),
        "predictions": table,
        "timings": (place / "timing.json").read_bytes(),
    }
    for kind, content in contents.items():
        path = atomic.write(root / kind / run.cell.id / f"{run.fold}-{run.seed}{KINDS[kind]}", content)
        atomic.sweep(path.parent)
    return record


def keep_only(runs: list[Run], root: Path = RESULTS) -> None:
    """Remove results of a cell that are of none of these runs."""
    names = {f"{run.fold}-{run.seed}" for run in runs}
    for kind, ending in KINDS.items():
        for path in files.whole(root / kind / runs[0].cell.id, f"*{ending}"):
            if path.stem not in names:
                path.unlink()


def _metrics(scores: dict[str, np.ndarray]) -> dict[str, Any]:
    """Metrics on test clips, rounded, and on validation clips where there are any."""
    test = all_metrics(scores["test_logits"], scores["test_labels"])
    validated = "validation_logits" in scores
    return {
        "metrics": {name: round(value, 6) for name, value in test.items()},
        "validation": all_metrics(scores["validation_logits"], scores["validation_labels"])
        if validated
        else {},
    }


def predictions(scores: dict[str, np.ndarray], classes: list[str]) -> str:
    """One CSV row per test clip, in evaluation order: enough for every metric and every paired test."""
    logits, labels = scores["test_logits"], scores["test_labels"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["clip", "group", "label", "prediction", "rank", "confidence"])
    best = logits.argmax(axis=1)
    confidence = softmax(logits)[np.arange(len(best)), best]
    clips, groups = scores["test_ids"].tolist(), scores["test_groups"].tolist()
    for row in zip(clips, groups, labels, best, ranks(logits, labels), confidence):
        clip, group, label, prediction, rank, sure = row
        writer.writerow([clip, group, classes[label], classes[prediction], int(rank), f"{sure:.4f}"])
    return out.getvalue()

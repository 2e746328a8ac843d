"""The record of a run: where every number came from."""

import csv
import functools
import importlib.metadata
import io
import os
import platform
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from vidattn.bench import accelerator
from vidattn.bench.cell import Run
from vidattn.bench.metrics import ranks, softmax

CODE = ("bench", "models", "data", "pyproject.toml", "requirements")
PACKAGES = ("keras", "numpy", "opencv-contrib-python-headless")
BACKENDS = {"tensorflow": ("tensorflow-cpu", "tensorflow"), "jax": ("jax",), "torch": ("torch",)}


@functools.cache
def versions() -> dict[str, str]:
    """Versions of Python and of the installed packages that numbers depend on."""
    found = {"python": platform.python_version()}
    # Only the backend in use: another one that is installed changes no number.
    for package in (*PACKAGES, *BACKENDS[os.environ.get("KERAS_BACKEND", "tensorflow")]):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def git_commit() -> str:
    """Commit that last changed the code, with '+' where the code differs from it, or 'unknown'."""
    try:
        line = ["git", "log", "-1", "--format=%H", "--", *CODE]
        commit = subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()
        status = ["git", "status", "--porcelain", "--", *CODE]
        dirty = subprocess.run(status, capture_output=True, text=True, check=True).stdout.strip()
        return commit[:12] + ("+" if dirty else "") if commit else "unknown"
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


@functools.cache
def device() -> str:
    """The processor (and the GPU, where one is used) that makes the numbers; part of a run's key."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    processor = names[0] if names else platform.processor() or "cpu"
    return ", ".join(filter(None, [processor, accelerator.name()]))


def record(run: Run, **parts: Any) -> dict[str, Any]:
    """The JSON of a run: its coordinates, what was measured (`parts`) and with what."""
    return {
        "cell": asdict(run.cell),
        "fold": run.fold,
        "seed": run.seed,
        "versions": versions(),
        "device": device(),
        "git_commit": git_commit(),
        **parts,
    }


def predictions(
    ids: list[str], groups: list[str], labels: np.ndarray, logits: np.ndarray, classes: list[str]
) -> str:
    """One CSV row per test clip, in evaluation order: enough for every metric and every paired test."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["clip", "group", "label", "prediction", "rank", "confidence"])
    best = logits.argmax(axis=1)
    confidence = softmax(logits)[np.arange(len(best)), best]
    for row in zip(ids, groups, labels, best, ranks(logits, labels), confidence):
        clip, group, label, prediction, rank, sure = row
        writer.writerow([clip, group, classes[label], classes[prediction], int(rank), f"{sure:.4f}"])
    return out.getvalue()

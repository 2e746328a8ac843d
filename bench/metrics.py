"""Metrics: functions of scores (N, K) and labels (N,). A new metric is one function here."""

from collections.abc import Sequence

import numpy as np


def ranks(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Rank (N,) of the true class, 1 is best; ties and what is no number count against the model."""
    true = scores[np.arange(len(labels)), labels][:, None]
    return (~(scores < true)).sum(axis=1)


def top1(scores: np.ndarray, labels: np.ndarray) -> float:
    """Share of clips whose best score is the true class."""
    return float((ranks(scores, labels) <= 1).mean())


def top5(scores: np.ndarray, labels: np.ndarray) -> float:
    """Share of clips whose true class is among the five best scores."""
    return float((ranks(scores, labels) <= 5).mean())


def per_class(scores: np.ndarray, labels: np.ndarray) -> float:
    """Mean over classes of the accuracy within the class."""
    hits = ranks(scores, labels) <= 1
    return float(np.mean([hits[labels == k].mean() for k in np.unique(labels)]))


METRICS = (top1, top5, per_class)


def all_metrics(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Every metric by name."""
    return {metric.__name__: metric(scores, labels) for metric in METRICS}


def all_finite(scores: np.ndarray, ids: Sequence[str], role: str, run: str, when: str = "") -> None:
    """Raise FloatingPointError where scores (N, K) are not all finite; the first N `ids` are theirs."""
    wrong = np.flatnonzero(~np.isfinite(scores).all(axis=1))
    if len(wrong):
        raise FloatingPointError(
            f"{run}: {len(wrong)} of {len(scores)} {role} clips have scores that are not finite{when}, "
            f"first '{ids[wrong[0]]}'. Lower optimizer.learning_rate of its protocol or check the inputs."
        )


def softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis, in float64."""
    shifted = np.exp(logits.astype("float64") - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)

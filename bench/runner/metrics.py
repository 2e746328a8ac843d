"""Metrics: functions of stored scores (N, K) and labels (N,). A new metric is one function and its name here.

They are in no run's key: a metric that is added, or changed, trains nothing (`vidattn records`).
"""

import numpy as np

from vidattn.bench.train.scoring import ranks, top1


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

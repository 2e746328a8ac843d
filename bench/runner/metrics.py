"""Metrics: functions of stored scores (N, K) and labels (N,). A new metric is one function and its name here.

They are in no run's key: a metric that is added, or changed, trains nothing (`vidattn records`).
"""

import numpy as np


def ranks(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Rank (N,) of the true class, 1 is best; what is no number counts against the model.

    Of equal scores the class that comes first is ahead, as in the prediction: a model that sees two classes
    alike is right by chance, and not never.
    """
    true = scores[np.arange(len(labels)), labels][:, None]
    ahead = np.arange(scores.shape[1]) < labels[:, None]
    return 1 + (~(scores <= true) | (scores == true) & ahead).sum(axis=1)


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

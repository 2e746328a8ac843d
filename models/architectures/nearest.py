"""Leakage probe: the nearest training clip by cosine of mean frame features. Nothing is trained.

What it scores above its value on group-disjoint folds is what a random split gives away for nothing.
"""

import numpy as np

STREAMS = ("rgb",)
FEATURES = "only"
NETWORK = False  # nothing to build: cells of it are scored by `scores`


def scores(train: np.ndarray, labels: np.ndarray, test: np.ndarray, classes: int) -> np.ndarray:
    """Cosine to the nearest training clip of each class, (M, K) float32; -1 for a class without one.

    Args:
        train: Mean frame features of the training clips (N, D).
        labels: Their labels (N,).
        test: Mean frame features of the test clips (M, D).
        classes: Number of classes K.
    """
    unit = [x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in (test, train)]
    cosine = unit[0] @ unit[1].T  # (M, N)
    out = np.full((len(test), classes), -1.0, dtype="float32")
    for k in np.unique(labels):
        out[:, k] = cosine[:, labels == k].max(axis=1)
    return out

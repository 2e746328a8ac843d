"""Logistic regression on the frames of a clip joined in their order, by scikit-learn: a floor under heads."""

import numpy as np

from vidattn.models.parts import logistic

STREAMS = ("rgb",)
FEATURES = "only"
NETWORK = False  # nothing to build: cells of it are scored by `fit`
fit = logistic.scores


def vectors(x: np.ndarray) -> np.ndarray:
    """What is fitted of clips (N, T, D) that end in frames of zeros: (N, ...)."""
    return x.reshape(len(x), -1)

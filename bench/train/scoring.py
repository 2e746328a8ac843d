"""What training itself judges scores by: finite, ranks, top-1 on validation clips, probabilities."""

from collections.abc import Sequence

import numpy as np


def ranks(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Rank (N,) of the true class, 1 is best; ties and what is no number count against the model."""
    true = scores[np.arange(len(labels)), labels][:, None]
    return (~(scores < true)).sum(axis=1)


def top1(scores: np.ndarray, labels: np.ndarray) -> float:
    """Share of clips whose best score is the true class."""
    return float((ranks(scores, labels) <= 1).mean())


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

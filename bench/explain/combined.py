"""Maps of several stages as one: each scaled first, then averaged (tables 6.2 and 6.3 of the thesis)."""

from collections.abc import Sequence

import cv2
import numpy as np


def scaled(maps: np.ndarray) -> np.ndarray:
    """Each map (..., h, w) from 0 to 1; an even one is zero."""
    low = maps.min(axis=(-2, -1), keepdims=True)
    span = np.ptp(maps, axis=(-2, -1), keepdims=True) if maps.size else low
    return np.where(span > 0, (maps - low) / np.where(span > 0, span, 1), 0.0)


def combine(stages: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of scaled maps (B, T, h, w) at the size of the largest, enlarged bilinearly.

    The thesis' code leaves the first of them unscaled, which then hardly counts.
    """
    height, width = max(maps.shape[2:] for maps in stages)
    steps = stages[0].shape[1]
    total = np.zeros((len(stages[0]), steps, height, width))
    for maps in stages:
        flat = scaled(np.abs(maps)).reshape(-1, *maps.shape[2:]).astype(np.float32)
        large = np.stack([cv2.resize(each, (width, height), interpolation=cv2.INTER_LINEAR) for each in flat])
        total += large.reshape(total.shape)
    return total / len(stages)

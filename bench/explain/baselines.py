"""Maps that know nothing of what a model has learned: what a learned map has to beat.

`area` is an even map, chance. `centre` is a Gaussian in the middle of the picture, or of the clip. `other` is
the map of another clip: what looking at the usual place is worth. `untrained` is that of the model before
training. `motion` is the change of the picture from frame to frame.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from vidattn.data.media.decode import uniform

NAMES = ("area", "centre", "other", "untrained", "motion")
WIDTH = 0.25  # standard deviation of the centre prior, of a side


def blind(shape: Sequence[int]) -> dict[str, np.ndarray]:
    """Baselines that look at no clip, `area` and `centre`, for maps of this shape (N, T, ...)."""
    return {"area": np.ones(shape), "centre": np.broadcast_to(centre(shape[2:] or shape[1:]), shape)}


def other(maps: np.ndarray) -> np.ndarray:
    """To each clip the map of another, half the list further."""
    return np.roll(maps, max(1, len(maps) // 2), axis=0)


def centre(shape: Sequence[int]) -> np.ndarray:
    """A Gaussian of standard deviation `WIDTH` of each side, of any rank."""
    axes = [np.exp(-0.5 * (((np.arange(n) + 0.5) / n - 0.5) / WIDTH) ** 2) for n in shape]
    made = np.ones(())
    for axis in axes:
        made = np.multiply.outer(made, axis)
    return made


def motion(frames: np.ndarray, shape: Sequence[int], length: int = 0) -> np.ndarray:
    """Mean absolute difference of successive frames, as a map of this shape.

    Args:
        frames: (T, H, W, 3) uint8, the sampled ones; the last has the difference of the one before.
        shape: (steps, h, w), or (steps,) for a map over time.
        length: Pairs in a flow stack, whose differences a step adds up.
    """
    if len(frames) < 2:
        return np.ones(shape)
    change = np.abs(np.diff(frames.astype(np.float32), axis=0)).mean(axis=-1)
    change = np.concatenate([change, change[-1:]])
    spans = [change[t : t + max(length, 1)].mean(axis=0) for t in range(len(frames) - length)]
    chosen = [spans[i] for i in uniform(len(spans), shape[0])]
    if len(shape) == 1:
        return np.array([span.mean() for span in chosen])
    size = (shape[2], shape[1])
    return np.stack([cv2.resize(span, size, interpolation=cv2.INTER_AREA) for span in chosen])

"""Does a model use what a map points to? Deletion, insertion and dropped frames.

All three change the input and read the probability of one class, that of the prediction. What takes the place
of deleted pixels is a blurred picture, so that little new is added.
"""

from collections.abc import Callable

import cv2
import numpy as np

SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)  # of the pixels of every frame
BLUR = 8  # standard deviation of the blur: a side through this
DRAWS = 5  # of frames that are dropped at random
Probability = Callable[[np.ndarray], np.ndarray]  # of a batch (B, ...), that of each clip's class (B,)


def deletion(x: np.ndarray, maps: np.ndarray, probability: Probability) -> dict[str, np.ndarray]:
    """Areas under the probability while pixels go, or come, in a map's order (Petsiuk et al., BMVC 2018).

    Args:
        x: Frames (B, T, H, W, C), or pictures (B, H, W, C).
        maps: (B, T', h, w), enlarged bilinearly; the order is within each frame.
        probability: Of changed inputs.

    Returns:
        `deletion` and `insertion` (B,): a good map has a small one and a large one.
    """
    clips = x if x.ndim == 5 else x[:, None]
    blurred = _blurred(clips)
    places = ranks(enlarged(np.abs(maps), clips.shape))
    start, stop = (probability(shaped(each, x)) for each in (clips, blurred))
    found = {}
    for name, first, second, ends in (
        ("deletion", clips, blurred, (start, stop)),
        ("insertion", blurred, clips, (stop, start)),
    ):
        middle = [probability(shaped(np.where(places < share, second, first), x)) for share in SHARES[1:-1]]
        found[name] = np.trapezoid(np.stack([ends[0], *middle, ends[1]], axis=1), SHARES, axis=1)
    return found


def random_cells(shape: tuple[int, ...]) -> np.ndarray:
    """A map without reason, (B, T, h, w), for comparison."""
    return np.random.default_rng(0).random(shape)


def dropped_frames(x: np.ndarray, weights: np.ndarray, probability: Probability) -> dict[str, np.ndarray]:
    """What the probability loses when a quarter of the frames (or features) gives way to its neighbours.

    Args:
        x: (B, T, ...).
        weights: (B, T) over time.
        probability: Of changed inputs.

    Returns:
        Each (B,): `drop_highest` and `drop_lowest` weighted, and `drop_random`, the mean of some draws.
    """
    steps = weights.shape[1]
    count = max(1, steps // 4)
    order = np.argsort(-np.abs(weights), axis=1, kind="stable")
    rng, before = np.random.default_rng(0), probability(x)

    def loss(chosen: np.ndarray) -> np.ndarray:
        return before - probability(_without(x, chosen))

    draws = [np.argsort(rng.random(weights.shape), axis=1)[:, :count] for _ in range(DRAWS)]
    return {
        "drop_highest": loss(order[:, :count]),
        "drop_lowest": loss(order[:, -count:]),
        "drop_random": np.mean([loss(draw) for draw in draws], axis=0),
    }


def _without(x: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Clips with the chosen steps (B, n) taken from the nearest that is kept."""
    made = x.copy()
    for row, gone in enumerate(chosen):
        kept = np.setdiff1d(np.arange(x.shape[1]), gone)
        if len(kept):
            nearest = kept[np.abs(kept[:, None] - gone).argmin(axis=0)]
            made[row, gone] = x[row, nearest]
    return made


def _blurred(clips: np.ndarray) -> np.ndarray:
    flat = clips.reshape(-1, *clips.shape[2:])
    sigma = clips.shape[2] / BLUR
    made = np.stack(
        [cv2.GaussianBlur(frame, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for frame in flat]
    )
    return made.reshape(clips.shape)


def enlarged(maps: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Maps (B, T', h, w) at the size of clips (B, T, H, W, C): (B, T, H, W)."""
    batch, steps, height, width = shape[:4]
    chosen = maps[:, np.arange(steps) * maps.shape[1] // steps].astype(np.float32)
    flat = chosen.reshape(-1, *maps.shape[2:])
    large = np.stack([cv2.resize(each, (width, height), interpolation=cv2.INTER_LINEAR) for each in flat])
    return large.reshape(batch, steps, height, width)


def ranks(maps: np.ndarray) -> np.ndarray:
    """The place of every pixel in its frame, from 0 (the highest) to 1: (B, T, H, W, 1)."""
    flat = maps.reshape(*maps.shape[:2], -1)
    order = np.argsort(-flat, axis=-1, kind="stable")
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.arange(flat.shape[-1])[None, None], axis=-1)
    return (places / flat.shape[-1]).reshape(*maps.shape, 1)


def shaped(clips: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Changed clips as the model takes them."""
    return clips.reshape(like.shape).astype(like.dtype)

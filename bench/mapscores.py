"""Do maps look at the actor? Attention maps against ground truth, as numbers with intervals."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from vidattn.bench import stats
from vidattn.data.decode import uniform


def score(weights: np.ndarray, inside: np.ndarray) -> dict[str, np.ndarray]:
    """Scores maps against the truth, clip by clip.

    Args:
        weights: (N, T, ...) maps; their magnitudes count, since a gate may be negative.
        inside: Same shape, the share of each cell that is inside (the actor, or an informative frame).

    Returns:
        Each (N,), means over T: `inside`, the share of a map's mass that lies inside; `hits`, the pointing
        game (Zhang et al., ECCV 2016) for a point drawn in the highest cell; `chance`, what an even map
        scores in both. A map without any mass counts as even.
    """
    w, a = (x.reshape(*x.shape[:2], -1).astype(float) for x in (np.abs(weights), inside))
    w = np.where(w.sum(-1, keepdims=True) > 0, w, 1.0)
    top = w == w.max(-1, keepdims=True)
    found = {
        "inside": (w * a).sum(-1) / w.sum(-1),
        "hits": (top * a).sum(-1) / top.sum(-1),
        "chance": a.mean(-1),
    }
    return {name: value.mean(axis=1) for name, value in found.items()}


@lru_cache(maxsize=2048)
def truth(folder: Path, clip: str, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """The actor's masks (T, H, W) and whether a frame is informative (T,), at the sampled frames."""
    with np.load(folder / f"{clip}.npz", allow_pickle=False) as stored:
        chosen = uniform(len(stored["mask"]), frames)
        return stored["mask"][chosen] > 0, stored["informative"][chosen].astype(bool)


def covered(masks: np.ndarray, shape: Sequence[int], length: int = 0) -> np.ndarray:
    """The share of every cell of a map that masks (T, H, W) cover.

    Args:
        masks: Of the sampled frames.
        shape: (steps, h, w) of the map.
        length: Pairs in a flow stack: a step then sees frames t to t + length, and the union of their masks.
    """
    steps, height, width = shape
    spans = [masks[t : t + length + 1].any(axis=0) for t in range(len(masks) - length)]
    chosen = [spans[i] for i in uniform(len(spans), steps)]
    resized = [
        cv2.resize(m.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) for m in chosen
    ]
    return np.stack(resized)


def summary(scores: dict[str, np.ndarray], other: np.ndarray, groups: np.ndarray, runs: np.ndarray) -> dict:
    """Means over runs with intervals over groups, and the paired differences to chance.

    Args:
        scores: As of `score`, over the clips of all runs (N,).
        other: (N,) the maps' mass inside *another* clip's mask: what looking at the usual place is worth.
        groups: (N,).
        runs: (N,).
    """
    place = np.asarray(groups), np.asarray(runs)
    found: dict = {
        "n": len(groups),
        "groups": len(set(groups)),
        "chance": _mean(scores["chance"], *place),
        "inside_other": _mean(other, *place),
    }
    for name in ("inside", "hits"):
        level = stats.interval(scores[name], *place)
        gap = stats.difference(scores[name], scores["chance"], *place)
        found |= {name: level.value, f"{name}_low": level.low, f"{name}_high": level.high}
        found |= {f"{name}_difference": gap.value}
        found |= {f"{name}_difference_low": gap.low, f"{name}_difference_high": gap.high}
    return {key: value if isinstance(value, int) else _number(value) for key, value in found.items()}


def _mean(values: np.ndarray, groups: np.ndarray, runs: np.ndarray) -> float:
    return float(np.mean([values[runs == run].mean() for run in sorted(set(runs))]))


def _number(value: float) -> float | None:
    """Six digits, and none where there is no interval: JSON has no NaN."""
    return None if np.isnan(value) else round(float(value), 6)

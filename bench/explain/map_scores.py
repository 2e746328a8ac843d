"""Do maps look at the actor? Attention maps against ground truth, as numbers with intervals.

N clips, T frames (or one, where a clip's frames are the cells of a map over time), P cells of a map.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from vidattn.bench.analysis import contrasts
from vidattn.bench.analysis.noise_model import Estimate
from vidattn.data.media.decode import uniform

SCORES = ("mass", "hits", "auc", "rank", "precision")
SHAPE = ("entropy", "border")  # that need no truth, and have no baseline


def score(weights: np.ndarray, inside: np.ndarray) -> dict[str, np.ndarray]:
    """Scores maps against the truth, clip by clip.

    Args:
        weights: (N, T, ...) maps; their magnitudes count, since a gate may be negative.
        inside: Same shape, the share of each cell that is inside (the actor, or an informative frame).

    Returns:
        Each (N,), means over the frames that have something to find and something else; missing where no
        frame has. Cells count by their shares, as their pixels would one by one.
        `mass`: share of a map's mass that lies inside (energy-based pointing game, Wang et al., CVPRW 2020).
        `hits`: pointing game (Zhang et al., ECCV 2016) for a point drawn in the highest cell.
        `auc`: area under the ROC curve of pixels, ties count half.
        `rank`: share of the highest pixels, as many as are inside, that are (Arras et al. 2022).
        `precision`: average precision of pixels, or of frames.
        A map without any mass counts as even.
    """
    w, a = (x.reshape(*x.shape[:2], -1).astype(float) for x in (np.abs(weights), inside))
    w = np.where(w.sum(-1, keepdims=True) > 0, w, 1.0)
    top = w == w.max(-1, keepdims=True)
    share = a.mean(-1)
    counts = (share > 0) & (share < 1)
    found = {
        "mass": (w * a).sum(-1) / w.sum(-1),
        "hits": (top * a).sum(-1) / top.sum(-1),
        **{name: np.full(share.shape, np.nan) for name in ("auc", "rank", "precision")},
    }
    for place in zip(*np.nonzero(counts)):
        found["auc"][place], found["rank"][place], found["precision"][place] = _ranked(w[place], a[place])
    return {name: _over_frames(value, counts) for name, value in found.items()}


def shape(weights: np.ndarray) -> dict[str, np.ndarray]:
    """What maps (N, T, h, w), or (N, T) over time, look like, whatever is true; means over T, each (N,).

    `entropy` is that of a map's mass over the logarithm of its cells: 1 is even, 0 one cell alone.
    `border` is the mass in the outermost cells over their area: 1 is even, 0 none; missing where all are.
    """
    w = np.abs(weights).astype(float)
    w = w[:, None] if w.ndim == 2 else w
    flat = w.reshape(*w.shape[:2], -1)
    mass = flat.sum(axis=-1, keepdims=True)
    p = np.where(mass > 0, flat / np.where(mass > 0, mass, 1), 1 / flat.shape[-1])
    logs = np.log(np.where(p > 0, p, 1))
    found = {"entropy": -(p * logs).sum(axis=-1) / np.log(max(flat.shape[-1], 2))}
    if w.ndim == 4 and min(w.shape[2:]) > 2:
        edge = np.ones(w.shape[2:], bool)
        edge[1:-1, 1:-1] = False
        found["border"] = p.reshape(w.shape)[..., edge].sum(axis=-1) / edge.mean()
    return {name: value.mean(axis=1) for name, value in found.items()}


def _over_frames(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    total, n = np.where(counts, values, 0.0).sum(axis=1), counts.sum(axis=1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _ranked(w: np.ndarray, a: np.ndarray) -> tuple[float, float, float]:
    """AUC, rank accuracy and average precision of one map (P,); cells of one height are taken together."""
    heights, which = np.unique(-w, return_inverse=True)  # the highest first
    inside = np.bincount(which, a, len(heights))
    area = np.bincount(which, minlength=len(heights)).astype(float)
    total, passed = inside.sum(), np.cumsum(area)
    above = np.cumsum(inside) - inside
    auc = ((area - inside) * (above + inside / 2)).sum() / (total * (area.sum() - total))
    taken = np.clip((total - (passed - area)) / area, 0, 1)
    precision = (inside * np.cumsum(inside) / passed).sum() / total
    return float(auc), float((taken * inside).sum() / total), float(precision)


@lru_cache(maxsize=2048)
def truth(folder: Path, clip: str, frames: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The actor's masks (T, H, W) and whether a frame is informative (T,), at these frames of a clip."""
    with np.load(folder / f"{clip}.npz", allow_pickle=False) as stored:
        chosen = list(frames)
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


def summary(
    scores: Mapping[str, np.ndarray],
    baselines: Mapping[str, Mapping[str, np.ndarray]],
    groups: np.ndarray,
    runs: np.ndarray,
) -> dict:
    """Means over runs with intervals for other clips and runs, and the paired differences to baselines.

    Args:
        scores: As of `score`, over the clips of all runs (N,).
        baselines: The same of other maps on the same clips, by name.
        groups: (N,) source of each clip.
        runs: (N,) run that each score is of.

    Returns:
        By score `value`, `low`, `high`, and by baseline its mean `value`, and the `difference` to it with
        `low` and `high`; clips without the score are left out, `n` says how many are in.
    """
    made = {}
    for name, values in scores.items():
        kept = ~np.isnan(values)
        if not kept.any():
            continue
        place = np.asarray(groups)[kept], np.asarray(runs)[kept]
        level = contrasts.of_values(values[kept], *place)
        made[name] = {
            "n": int(kept.sum()),
            "groups": len(set(place[0])),
            **numbers(level),
            "baselines": {
                other: _beside(values[kept], theirs[name][kept], *place)
                for other, theirs in baselines.items()
                if name in theirs
            },
        }
    return made


def _beside(values: np.ndarray, other: np.ndarray, groups: np.ndarray, runs: np.ndarray) -> dict:
    """A baseline's mean, and the paired difference to it."""
    gap = numbers(contrasts.of_values(values - other, groups, runs))
    mean = np.mean([other[runs == run].mean() for run in sorted(set(runs))])
    return {"value": rounded(mean), "difference": gap["value"], "low": gap["low"], "high": gap["high"]}


def numbers(estimate: Estimate) -> dict:
    """An estimate as numbers for JSON."""
    return {name: rounded(getattr(estimate, name)) for name in ("value", "low", "high")}


def rounded(value: float) -> float | None:
    """Six digits, and none where there is no number: JSON has no NaN."""
    return None if np.isnan(value) else round(float(value), 6)

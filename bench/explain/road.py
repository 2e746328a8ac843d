"""ROAD (Rong et al., ICML 2022): pixels go in a map's order, and their neighbours fill the holes.

A blurred or grey hole shows where pixels went, and a model may read that shape. Here every hole is a noisy
linear mixture of what lies around it (section 4.3 there), which says little of its shape.
"""

from collections.abc import Iterator

import numpy as np

from vidattn.bench.explain import faithfulness
from vidattn.bench.explain.faithfulness import Probability

SHARES = faithfulness.SHARES[1:4]  # of the pixels of a frame; beyond one half most of a picture is filling
NOISE = 0.01  # standard deviation of what is added to filled pixels; inputs lie from -1 to 1
# A pixel is the mean of its neighbours, those at an edge twice those at a corner.
WEIGHTS = {(dy, dx): 1 / 6 if 0 in (dy, dx) else 1 / 12 for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx}


def curve(x: np.ndarray, maps: np.ndarray, probability: Probability) -> list[float]:
    """The mean over clips of the probability, once each of `SHARES` of the pixels is gone, highest first.

    Args:
        x: Frames (B, T, H, W, C), or pictures (B, H, W, C).
        maps: (B, T', h, w), enlarged bilinearly; the order is within each frame. Its negative: lowest first.
        probability: Of changed inputs.
    """
    clips = x if x.ndim == 5 else x[:, None]
    ranks = faithfulness.ranks(faithfulness.enlarged(maps, clips.shape))
    rng = np.random.default_rng(0)
    found = []
    for share in SHARES:
        gone = (ranks < share).reshape(-1, *clips.shape[2:4])
        filled = impute(clips.reshape(-1, *clips.shape[2:]), gone, rng)
        found.append(float(probability(faithfulness.shaped(filled, x)).mean()))
    return found


def impute(pictures: np.ndarray, gone: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
    """Pictures (N, H, W, C) whose pixels `gone` (N, H, W) follow from the others; noise is added from `rng`.

    A pixel that is gone equals the weighted mean of its neighbours, gone ones too: a system of linear
    equations a picture, in as many unknowns as such pixels, positive definite and of few diagonals.
    """
    from scipy.linalg import solveh_banded
    from scipy.sparse import coo_array
    from threadpoolctl import threadpool_limits

    own, other, weights = (np.concatenate(part) for part in zip(*_pairs(*pictures.shape[1:3])))
    near = coo_array((weights, (own, other)), (own.max() + 1,) * 2).tocsr()
    total, after = near.sum(axis=1), own > other
    made = pictures.astype(float)
    with threadpool_limits(1):  # systems are small: threads would wait for one another
        for picture, hole in zip(made.reshape(len(made), -1, made.shape[-1]), gone.reshape(len(gone), -1)):
            if hole.any() and not hole.all():
                place = np.cumsum(hole) - 1
                both = after & hole[own] & hole[other]
                rows, columns = place[own[both]], place[other[both]]
                diagonals = np.zeros(((rows - columns).max(initial=0) + 1, hole.sum()))
                diagonals[0], diagonals[rows - columns, columns] = total[hole], -weights[both]
                known = (near @ np.where(hole[:, None], 0, picture))[hole]
                picture[hole] = solveh_banded(diagonals, known, lower=True)
                if rng is not None:
                    picture[hole] += rng.normal(0, NOISE, known.shape)
    return made


def _pairs(height: int, width: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Pixels, their neighbours in one direction, and the weight of these; none lie outside the picture."""
    places = np.arange(height * width).reshape(height, width)
    for (dy, dx), weight in WEIGHTS.items():
        pixels = places[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)].ravel()
        yield pixels, pixels + dy * width + dx, np.full(len(pixels), weight)

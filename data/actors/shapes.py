"""Anti-aliased shapes with exact motion, for the generated data set `actors`.

Every shape is a signed distance function, so that coverage is sub-pixel exact, and its transform to the next
pose is known, so that the optical flow of each of its pixels is analytic.
"""

import math
from dataclasses import dataclass

import numpy as np

Point = np.ndarray  # (2,) x, y in pixels


@dataclass(frozen=True)
class Limb:
    """A capsule from `start` to `end`."""

    start: Point
    end: Point
    radius: float
    colour: Point  # (3,) RGB, 0 to 255
    actor: bool = True


@dataclass(frozen=True)
class Thing:
    """A disc, square, ring or cross around `centre`; it moves without turning."""

    shape: str
    centre: Point
    radius: float
    colour: Point
    actor: bool = True


class Canvas:
    """The picture, the flow to the next one, and the actor's coverage.

    Attributes:
        image: (H, W, 3) float32, RGB, 0 to 255.
        flow: (H, W, 2) float32, pixels per frame, x then y.
        actor: (H, W) float32 coverage of the actor, 0 to 1.
    """

    def __init__(self, background: np.ndarray, motion: np.ndarray):
        size = background.shape[0]
        self.image = background.astype(np.float32)
        self.flow = np.broadcast_to(motion.astype(np.float32), (size, size, 2)).copy()
        self.actor = np.zeros((size, size), np.float32)

    def paint(self, now: Limb | Thing, then: Limb | Thing) -> None:
        """Draws `now` on top; its pixels get the displacement to `then`."""
        corners = (*now.start, *now.end) if isinstance(now, Limb) else (*now.centre, *now.centre)
        columns, rows = (self._span(corners[k], corners[k + 2], now.radius) for k in (0, 1))
        if columns.stop <= columns.start or rows.stop <= rows.start:
            return
        x = np.arange(columns.start, columns.stop, dtype=np.float64)[None]
        y = np.arange(rows.start, rows.stop, dtype=np.float64)[:, None]
        distance, dx, dy = _limb(x, y, now, then) if isinstance(now, Limb) else _thing(x, y, now, then)
        cover = np.minimum(np.maximum(0.5 - distance, 0), 1).astype(np.float32)
        image, solid = self.image[rows, columns], cover >= 0.5
        image += cover[..., None] * (now.colour.astype(np.float32) - image)
        flow = self.flow[rows, columns]
        np.copyto(flow[..., 0], dx, where=solid, casting="same_kind")
        np.copyto(flow[..., 1], dy, where=solid, casting="same_kind")
        hidden = self.actor[rows, columns]
        hidden[:] = np.maximum(hidden, cover) if now.actor else hidden * (1 - cover)

    def _span(self, a: float, b: float, radius: float) -> slice:
        """Rows or columns that a shape between `a` and `b` may touch."""
        low, high = math.floor(min(a, b) - radius - 1), math.ceil(max(a, b) + radius + 2)
        return slice(max(low, 0), min(high, len(self.image)))


Field = np.ndarray | float


def _limb(x: np.ndarray, y: np.ndarray, now: Limb, then: Limb) -> tuple[np.ndarray, Field, Field]:
    """Distance to the capsule, and the motion of points fixed to its bone."""
    along, length = _bone(now)
    u = (x - now.start[0]) * along[0] + (y - now.start[1]) * along[1]
    v = (y - now.start[1]) * along[0] - (x - now.start[0]) * along[1]
    beyond = u - np.minimum(np.maximum(u, 0), length)
    distance = np.sqrt(beyond * beyond + v * v) - now.radius
    after, long = _bone(then)
    u *= long / length
    dx = then.start[0] + u * after[0] - v * after[1] - x
    dy = then.start[1] + u * after[1] + v * after[0] - y
    return distance, dx, dy


def _bone(limb: Limb) -> tuple[tuple[float, float], float]:
    """Direction and length."""
    x, y = limb.end[0] - limb.start[0], limb.end[1] - limb.start[1]
    length = max(math.hypot(x, y), 1e-6)
    return (x / length, y / length), length


def _thing(x: np.ndarray, y: np.ndarray, now: Thing, then: Thing) -> tuple[np.ndarray, Field, Field]:
    """Distance to the outline, and the motion of the centre."""
    x, y = np.abs(x - now.centre[0]), np.abs(y - now.centre[1])
    r = now.radius
    if now.shape == "ball":
        distance = np.hypot(x, y) - r
    elif now.shape == "box":
        distance = np.maximum(x, y) - 0.85 * r
    elif now.shape == "ring":
        distance = np.abs(np.hypot(x, y) - 0.75 * r) - 0.3 * r
    elif now.shape == "cross":
        distance = np.minimum(np.maximum(x - r, y - 0.35 * r), np.maximum(x - 0.35 * r, y - r))
    else:
        raise ValueError(f"Unknown shape {now.shape!r}. Expected one of: ball, box, ring, cross.")
    return distance, then.centre[0] - now.centre[0], then.centre[1] - now.centre[1]

"""Anti-aliased shapes with exact motion, for the generated data set `actors`.

Every shape is a signed distance function, so that coverage is sub-pixel exact, and its transform to the next
pose is known, so that the optical flow of each of its pixels is analytic.
"""

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
        corners = np.stack([now.start, now.end]) if isinstance(now, Limb) else now.centre[None]
        low = np.floor(corners.min(0) - now.radius - 1).astype(int).clip(0)
        high = np.ceil(corners.max(0) + now.radius + 2).astype(int).clip(None, self.image.shape[0])
        if (high <= low).any():
            return
        rows, columns = slice(low[1], high[1]), slice(low[0], high[0])
        x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
        grid = np.stack([x, y], -1).astype(np.float64)
        distance, motion = _limb(grid, now, then) if isinstance(now, Limb) else _thing(grid, now, then)
        cover = np.clip(0.5 - distance, 0, 1).astype(np.float32)
        image, solid = self.image[rows, columns], cover >= 0.5
        image += cover[..., None] * (now.colour.astype(np.float32) - image)
        self.flow[rows, columns][solid] = np.broadcast_to(motion, grid.shape)[solid]
        hidden = self.actor[rows, columns]
        hidden[:] = np.maximum(hidden, cover) if now.actor else hidden * (1 - cover)


def _limb(grid: np.ndarray, now: Limb, then: Limb) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the capsule, and the motion of points fixed to its bone."""
    bone = now.end - now.start
    length = max(float(np.hypot(*bone)), 1e-6)
    along, across = bone / length, np.array([-bone[1], bone[0]]) / length
    offset = grid - now.start
    u, v = offset @ along, offset @ across
    distance = np.hypot(u - np.clip(u, 0, length), v) - now.radius
    after = then.end - then.start
    long = max(float(np.hypot(*after)), 1e-6)
    along, across = after / long, np.array([-after[1], after[0]]) / long
    moved = then.start + (u * long / length)[..., None] * along + v[..., None] * across
    return distance, moved - grid


def _thing(grid: np.ndarray, now: Thing, then: Thing) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the outline, and the motion of the centre."""
    x, y = np.abs(grid[..., 0] - now.centre[0]), np.abs(grid[..., 1] - now.centre[1])
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
    return distance, then.centre - now.centre

"""Scenes of the data set `actors`: who, where, in which light, before which moving background."""

from dataclasses import dataclass

import cv2
import numpy as np

from vidattn.data.actors.actions import act
from vidattn.data.actors.figure import Body, limbs
from vidattn.data.actors.shapes import Canvas, Limb, Thing

MARGIN = 16  # of the background round the picture, as a share of 64 pixels
PALETTE = {  # what each shape looks like when it is held; distractors take other colours, or are look-alikes
    "ball": (230.0, 60.0, 50.0),
    "box": (60.0, 110.0, 235.0),
    "cross": (245.0, 210.0, 60.0),
    "ring": (70.0, 205.0, 90.0),
}
HOLDABLE = {  # shape, radius in a picture of 64 pixels, colour
    **{shape: (shape, 5.5, colour) for shape, colour in PALETTE.items()},
    "flag": ("box", 7.5, (235.0, 60.0, 220.0)),
    "lamp": ("ball", 7.0, (90.0, 245.0, 240.0)),
    "hoop": ("ring", 7.5, (250.0, 250.0, 250.0)),
    "sign": ("cross", 8.0, (10.0, 10.0, 10.0)),
}


@dataclass(frozen=True)
class Scene:
    """All that the clips of one group share."""

    body: Body
    background: np.ndarray  # (S, S, 3) float32, larger than the picture
    gain: float


def scene(rng: np.random.Generator, size: int, clutter: int) -> Scene:
    """Draws a group's person, background and light.

    Args:
        rng: The group's own generator.
        size: Side of the picture in pixels.
        clutter: Number of shapes in the background.
    """
    skin = np.array([205, 165, 135]) * rng.uniform(0.55, 1.15)
    shirt, trousers = (rng.uniform(30, 225) + rng.uniform(-35, 35, 3) for _ in range(2))
    body = Body(
        0.5, rng.uniform(0.86, 0.92), rng.uniform(0.9, 1.1), rng.uniform(0.85, 1.2), skin, shirt, trousers
    )
    return Scene(body, _background(rng, size, clutter), rng.uniform(0.85, 1.1))


def _background(rng: np.random.Generator, size: int, clutter: int) -> np.ndarray:
    """Rectangles, discs and bars in muted colours on a gradient."""
    side = size + 2 * MARGIN * size // 64
    slope = np.linspace(-20, 20, side)[:, None, None] * rng.uniform(-1, 1)
    picture = np.ascontiguousarray(
        np.broadcast_to(rng.uniform(95, 145) + rng.uniform(-12, 12, 3) + slope, (side, side, 3)), np.float32
    )
    for _ in range(clutter):
        colour = tuple(float(v) for v in rng.uniform(60, 180) + rng.uniform(-15, 15, 3))
        a, b = (tuple(int(v) for v in rng.integers(0, side, 2)) for _ in range(2))
        extent = int(rng.integers(3, max(4, side // 7)))
        kind = rng.integers(3)
        if kind == 0:
            cv2.rectangle(picture, a, (a[0] + extent, a[1] + int(rng.integers(3, side // 4))), colour, -1)
        elif kind == 1:
            cv2.circle(picture, a, extent // 2 + 1, colour, -1)
        else:
            cv2.line(picture, a, b, colour, int(rng.integers(1, 4)))
    return cv2.GaussianBlur(picture, (0, 0), 0.6 * size / 64)


def shoot(
    scene: Scene, label: str, frames: int, distractors: int, rng: np.random.Generator
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Films one clip.

    Args:
        scene: The group's scene.
        label: Class name.
        frames: Clip length T.
        distractors: Number of moving objects behind the actor.
        rng: The clip's generator; clips of one pair, group and number start from the same state.

    Returns:
        RGB frames (T, H, W, 3) uint8, and the truth: mask (T, H, W) uint8, informative (T,) bool,
        flow (T-1, H, W, 2) float16 in pixels per frame.
    """
    size = scene.background.shape[0] * 64 // (64 + 2 * MARGIN)
    pan = _wander(rng, frames, 0.35 * MARGIN * size / 64)
    passing = [_distractor(rng, size, frames) for _ in range(distractors)]
    body = Body(
        **{
            **vars(scene.body),
            "x": rng.uniform(0.38, 0.62),
            "scale": scene.body.scale * rng.uniform(0.95, 1.05),
        }
    )
    action = act(label, frames, rng)
    noise = np.random.default_rng(rng.integers(2**63)).normal(0, 2.5, (frames, size, size, 1))
    pictures, masks, flows = [], [], []
    for t in range(frames):
        after = min(t + 1, frames - 1)
        canvas = Canvas(_crop(scene.background, pan[t], size), pan[t] - pan[after])
        for path in passing:
            canvas.paint(path[t], path[after])
        # What is exchanged for something else in the next frame moves with the hand until then.
        for now, then in zip(*(_actor(body, action.postures[k], action.held[t], size) for k in (t, after))):
            canvas.paint(now, then)
        pictures.append(canvas.image)
        masks.append(canvas.actor >= 0.5)
        flows.append(canvas.flow)
    clip = (np.stack(pictures) * scene.gain + noise).round().clip(0, 255).astype(np.uint8)
    truth = {
        "mask": np.stack(masks).astype(np.uint8),
        "informative": action.informative,
        "flow": np.stack(flows[:-1]).astype(np.float16),
    }
    return clip, truth


def _actor(body: Body, posture: np.ndarray, held: str | None, size: int) -> list[Limb | Thing]:
    """The body, and what its right hand holds."""
    parts = limbs(body, posture, size)
    if held:
        shape, radius, colour = HOLDABLE[held]
        parts.append(Thing(shape, parts[-1].end, radius * size / 64, np.array(colour)))
    return parts


def _distractor(rng: np.random.Generator, size: int, frames: int) -> list[Thing]:
    """An object adrift: one of the four shapes, half of them in its own colour, half in another's."""
    shape, other = rng.choice(list(PALETTE), 2, replace=False)
    colour = np.array(PALETTE[shape if rng.uniform() < 0.5 else other])
    path = rng.uniform(0.08, 0.92, 2) * size + _wander(rng, frames, 0.12 * size)
    return [Thing(str(shape), place, 5.5 * size / 64, colour, actor=False) for place in path]


def _wander(rng: np.random.Generator, frames: int, reach: float) -> np.ndarray:
    """A smooth path (T, 2) round the origin."""
    phase, cycles = rng.uniform(0, 2 * np.pi, 2), rng.uniform(0.3, 1.0, 2)
    return (
        reach
        * rng.uniform(0.4, 1.0, 2)
        * np.sin(phase + 2 * np.pi * cycles * np.arange(frames)[:, None] / frames)
    )


def _crop(background: np.ndarray, offset: np.ndarray, size: int) -> np.ndarray:
    """The window of the background at a sub-pixel offset from its middle (bilinear)."""
    corner = (background.shape[0] - size) / 2 + offset
    whole = np.floor(corner).astype(int)
    (fx, fy), (x, y) = corner - whole, whole
    rows = background[y : y + size + 1, x : x + size + 1]
    rows = rows[:-1] * (1 - fy) + rows[1:] * fy
    return rows[:, :-1] * (1 - fx) + rows[:, 1:] * fx

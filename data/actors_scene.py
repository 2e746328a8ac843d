"""Scenes of the data set `actors`: who, where, in which light, before which moving background."""

from dataclasses import dataclass

import cv2
import numpy as np
from vidattn.data.actors_action import HELD, act
from vidattn.data.actors_draw import Canvas, Limb, Thing
from vidattn.data.actors_figure import Body, limbs

REACH = 0.08  # of the camera's wandering, in picture sides
WORLD = 3  # side of a group's background in picture sides; each class films another part of it
PALETTE = {  # what each shape looks like when it is held
    "ball": (235.0, 50.0, 45.0),
    "box": (45.0, 95.0, 245.0),
    "cross": (250.0, 215.0, 40.0),
    "ring": (50.0, 215.0, 70.0),
}
OFF_PALETTE = ((200.0, 70.0, 210.0), (70.0, 210.0, 215.0), (235.0, 235.0, 235.0), (40.0, 40.0, 45.0))
LOOK_ALIKES = 0.4  # share of the distractors that look just like something held


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
        clutter: Number of shapes in a part of the background that is as large as a picture.
    """
    skin = np.array([205, 165, 135]) * rng.uniform(0.55, 1.15)
    shirt, trousers = (rng.uniform(30, 225) + rng.uniform(-35, 35, 3) for _ in range(2))
    body = Body(
        0.5, rng.uniform(0.86, 0.92), rng.uniform(0.9, 1.1), rng.uniform(0.85, 1.2), skin, shirt, trousers
    )
    return Scene(body, _background(rng, size, clutter), rng.uniform(0.75, 1.1))


def _background(rng: np.random.Generator, size: int, clutter: int) -> np.ndarray:
    """Rectangles, discs and bars in muted colours on a gradient."""
    side = WORLD * size
    slope = np.linspace(-20, 20, side)[:, None, None] * rng.uniform(-1, 1)
    picture = np.ascontiguousarray(
        np.broadcast_to(rng.uniform(80, 170) + rng.uniform(-20, 20, 3) + slope, (side, side, 3)), np.float32
    )
    for _ in range(clutter * WORLD**2):
        colour = tuple(float(v) for v in rng.uniform(50, 200) + rng.uniform(-15, 15, 3))
        a = tuple(int(v) for v in rng.integers(0, side, 2))
        b = tuple(v + int(step) for v, step in zip(a, rng.integers(-size // 2, size // 2, 2)))
        extent = int(rng.integers(3, size // 4))
        kind = rng.integers(3)
        if kind == 0:
            cv2.rectangle(picture, a, (a[0] + extent, a[1] + int(rng.integers(3, size // 3))), colour, -1)
        elif kind == 1:
            cv2.circle(picture, a, extent // 2 + 1, colour, -1)
        else:
            cv2.line(picture, a, b, colour, int(rng.integers(1, 4)))
    return cv2.GaussianBlur(picture, (0, 0), 0.6 * size / 64)


def look(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draws where the camera looks in a scene, (2,) in pixels from its middle."""
    return rng.uniform(-1, 1, 2) * ((WORLD - 1) / 2 - REACH) * (size - 2)


def shoot(
    scene: Scene, view: np.ndarray, label: str, frames: int, distractors: int, rng: np.random.Generator
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Films one clip.

    Args:
        scene: The group's scene.
        view: Where the camera looks in it, (2,) in pixels from the middle; see `look`.
        label: Class name.
        frames: Clip length T.
        distractors: Number of moving objects behind the actor.
        rng: The clip's generator; clips of one pair, group and number start from the same state.

    Returns:
        RGB frames (T, H, W, 3) uint8, and the truth: mask (T, H, W) uint8, informative (T,) bool,
        flow (T-1, H, W, 2) float16 in pixels per frame.
    """
    size = scene.background.shape[0] // WORLD
    pan = view + _wander(rng, frames, REACH * size)
    passing = [_distractor(rng, size, frames) for _ in range(distractors)]
    body = Body(
        **{
            **vars(scene.body),
            "x": rng.uniform(0.38, 0.62),
            "scale": scene.body.scale * rng.uniform(0.95, 1.05),
        }
    )
    postures, informative = act(label, frames, rng)
    noise = np.random.default_rng(rng.integers(2**63)).normal(0, 2.5, (frames, size, size, 1))
    parts = [[d[t] for d in passing] + _actor(body, postures[t], label, size) for t in range(frames)]
    pictures, masks, flows = _film(scene, pan, parts, size)
    clip = (pictures * scene.gain + noise).round().clip(0, 255).astype(np.uint8)
    return clip, {"mask": masks, "informative": informative, "flow": flows}


def _film(
    scene: Scene, pan: np.ndarray, parts: list[list[Limb | Thing]], size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Paints all frames; returns pictures (T, H, W, 3), masks (T, H, W) and flow (T-1, H, W, 2)."""
    pictures, masks, flows = [], [], []
    for t, shown in enumerate(parts):
        after = min(t + 1, len(parts) - 1)
        canvas = Canvas(_crop(scene.background, pan[t], size), pan[t] - pan[after])
        for now, then in zip(shown, parts[after]):
            canvas.paint(now, then)
        pictures.append(canvas.image)
        masks.append(canvas.actor >= 0.5)
        flows.append(canvas.flow)
    return np.stack(pictures), np.stack(masks).astype(np.uint8), np.stack(flows[:-1]).astype(np.float16)


def _actor(body: Body, posture: np.ndarray, label: str, size: int) -> list[Limb | Thing]:
    """The body, and what its right hand holds."""
    parts = limbs(body, posture, size)
    if label in HELD:
        shape, hand = HELD[label], parts[-1]
        parts.append(Thing(shape, hand.end, 5.5 * size / 64, np.array(PALETTE[shape])))
    return parts


def _distractor(rng: np.random.Generator, size: int, frames: int) -> list[Thing]:
    """An object adrift: one of the four shapes, as it looks when held or in a colour of its own."""
    shape = str(rng.choice(list(PALETTE)))
    off = OFF_PALETTE[rng.integers(len(OFF_PALETTE))]
    colour = np.array(PALETTE[shape] if rng.uniform() < LOOK_ALIKES else off)
    path = rng.uniform(0.08, 0.92, 2) * size + _wander(rng, frames, 0.12 * size)
    return [Thing(shape, place, 5.5 * size / 64, colour, actor=False) for place in path]


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

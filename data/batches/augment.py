"""Augmentation of clips: one draw a clip, the same on all its frames and on RGB and flow.

The default warps with one affine matrix a clip (OpenCV, frames folded into channels): the only way of those
tried that can move flow vectors along with the picture. "keras_cv" lets KerasCV's layers carry out the same
draws, one after the other, on frames folded into channels; it is for RGB only. The draws are ours with
both, since the layers' own depend on TensorFlow's global state (RandomShear) and on the batch. KerasCV's
layers augment even at `training=False`, so they have no place inside a model. It is imported when asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import cv2
import numpy as np

from vidattn.data.files.names import unknown


@dataclass(frozen=True)
class Settings:
    """The thesis' augmentation of training clips.

    Args:
        rotation: Largest angle either way, degrees.
        shear: Largest shear angle either way, degrees.
        zoom: Least and largest part of each axis that is shown; drawn for each axis. Below 1 magnifies.
        flip: Whether half of the clips are mirrored left to right.
        channel_shift: Largest brightness added or taken away, RGB only (50 in the thesis on CIFAR-100).
        method: "affine" or "keras_cv".
    """

    rotation: float = 20.0
    shear: float = 20.0
    zoom: Sequence[float] = (0.8, 1.0)
    flip: bool = True
    channel_shift: float = 0.0
    method: str = "affine"


@dataclass(frozen=True)
class Draws:
    """What was drawn for the clips of a batch, each of length `B`; angles in degrees.

    Attributes:
        zoom: Shown part of rows and of columns, `(B, 2)`.
        flip: Whether mirrored.
        shift: Added brightness.
    """

    method: str
    rotation: np.ndarray
    shear: np.ndarray
    zoom: np.ndarray
    flip: np.ndarray
    shift: np.ndarray

    def matrices(self) -> np.ndarray:
        """One `matrix` a clip, `(B, 2, 2)`."""
        return np.stack([matrix(*drawn) for drawn in zip(self.rotation, self.shear, self.zoom, self.flip)])


def draw(settings: dict, seed: int, epoch: int, rows: Sequence[int]) -> Draws:
    """One draw a clip, from seed, epoch and the clip's row alone: neither batch size nor step changes it."""
    chosen = parse(settings)
    drawn = [_draw_clip(chosen, np.random.default_rng([seed, epoch, int(row)])) for row in rows]
    return Draws(chosen.method, *(np.asarray(column) for column in zip(*drawn)))


def parse(settings: dict) -> Settings:
    """Settings of a dictionary; an unknown name raises."""
    names = [field.name for field in fields(Settings)]
    for name in settings:
        if name not in names:
            raise ValueError(unknown("augmentation", name, names))
    chosen = Settings(**settings)
    if chosen.method not in ("affine", "keras_cv"):
        raise ValueError(unknown("augmentation method", chosen.method, ("affine", "keras_cv")))
    return chosen


def apply(stream: str, array: np.ndarray, draws: Draws) -> np.ndarray:
    """Augments one stream of a batch.

    Args:
        stream: "rgb" `(B, T, H, W, 3)`, "image" `(B, H, W, 3)` or "flow" `(B, T-L, H, W, 2L)`, uint8.
            Features pass unchanged.
        array: The batch.
        draws: Of the same clips.

    Returns:
        uint8 of the same shape; flow as float32 on the same scale, 1 ... 255 about 128, cut to it.
    """
    if stream == "features":
        return array
    if stream == "flow":
        if draws.method != "affine":
            raise ValueError("KerasCV's layers cannot turn flow vectors; with flow, use method 'affine'.")
        return np.stack([_flow(clip, linear) for clip, linear in zip(array, draws.matrices())])
    clips = array[:, None] if stream == "image" else array
    if draws.method == "keras_cv":
        clips = _keras_cv(clips, draws)
    else:
        clips = np.stack([warp(clip, linear) for clip, linear in zip(clips, draws.matrices())])
    clips = _brighten(clips, draws.shift)
    return clips[:, 0] if stream == "image" else clips


def matrix(rotation: float, shear: float, zoom: Sequence[float], flip: bool) -> np.ndarray:
    """New place to old place, on (x, y) from the centre, `(2, 2)`; angles in degrees, zoom by (row, column).

    The product of rotation, shear and zoom that Keras' `apply_affine_transform` uses (on rows and columns),
    then mirrored.
    """
    r, s = np.deg2rad([rotation, shear])
    turned = np.array([[np.cos(r), -np.sin(r)], [np.sin(r), np.cos(r)]])
    slanted = np.array([[1, -np.sin(s)], [0, np.cos(s)]])
    on_rows = turned @ slanted @ np.diag(zoom)
    return on_rows[::-1, ::-1] @ np.diag([-1.0 if flip else 1.0, 1.0])


def warp(clip: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """Warps all frames `(T, H, W, C)` alike, bilinear, about the centre; the edge is repeated outwards."""
    frames, height, width, channels = clip.shape
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    affine = np.column_stack([linear, centre - linear @ centre])
    folded = np.ascontiguousarray(clip.transpose(1, 2, 0, 3)).reshape(height, width, frames * channels)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    step = 4 * 128  # OpenCV's limit of channels
    parts = [
        cv2.warpAffine(
            folded[..., i : i + step], affine, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        for i in range(0, frames * channels, step)
    ]
    whole = np.concatenate([part.reshape(height, width, -1) for part in parts], axis=-1)
    return whole.reshape(height, width, frames, channels).transpose(2, 0, 1, 3)


def _flow(clip: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """Warps stacked flow `(T, H, W, 2L)` and turns, shears, stretches its vectors: v' = A^-1 v."""
    vectors = warp(clip.astype(np.float32) - 128, linear)
    pairs = vectors.reshape(*vectors.shape[:-1], -1, 2) @ np.linalg.inv(linear).T.astype(np.float32)
    return np.clip(pairs.reshape(vectors.shape) + 128, 1, 255)


def _brighten(clips: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Adds brightness, cut at the clip's own darkest and brightest value, as Keras' channel shift does."""
    if not shift.any():
        return clips
    axes = tuple(range(1, clips.ndim))
    low, high = clips.min(axes, keepdims=True), clips.max(axes, keepdims=True)
    moved = clips.astype(np.float32) + shift.reshape(-1, *[1] * (clips.ndim - 1))
    return np.clip(np.rint(moved), low, high).astype(np.uint8)


def _draw_clip(settings: Settings, rng: np.random.Generator) -> tuple:
    """Rotation, shear, zoom, flip and shift; always the same count of random numbers, in the same order."""
    rotation = rng.uniform(-settings.rotation, settings.rotation)
    shear = rng.uniform(-settings.shear, settings.shear)
    zoom = rng.uniform(settings.zoom[0], settings.zoom[1], size=2)
    flip = rng.random() < 0.5 and settings.flip
    return rotation, shear, zoom, flip, rng.uniform(-settings.channel_shift, settings.channel_shift)


def _keras_cv(clips: np.ndarray, draws: Draws) -> np.ndarray:
    """KerasCV's layers on frames folded into channels, with our draws in the place of theirs."""
    import keras_cv.layers as cv

    batch, frames, height, width, channels = clips.shape
    folded = clips.transpose(0, 2, 3, 1, 4).reshape(batch, height, width, frames * channels)
    folded = folded.astype(np.float32)
    rows, columns = draws.zoom.astype(np.float32).T[..., None]
    angles = -np.deg2rad(draws.rotation)  # theirs turns the other way
    slopes = np.tan(np.deg2rad(draws.shear))
    flips = draws.flip.astype(np.float32)[:, None]
    nearest = {"fill_mode": "nearest"}
    steps = [
        (cv.RandomRotation(0.0, **nearest), {"angles": angles.astype(np.float32)}),
        (
            cv.RandomShear(x_factor=0.0, **nearest),
            {"shear_x": slopes.astype(np.float32)[:, None], "shear_y": None},
        ),
        (cv.RandomZoom(0.0, 0.0, **nearest), {"height_zooms": rows, "width_zooms": columns}),
        (cv.RandomFlip("horizontal"), {"flip_horizontals": flips, "flip_verticals": 0 * flips}),
    ]
    for layer, drawn in steps:
        folded = layer.augment_images(folded, transformations=drawn)
    out = np.clip(np.rint(np.asarray(folded)), 0, 255).astype(np.uint8)
    return out.reshape(batch, height, width, frames, channels).transpose(0, 3, 1, 2, 4)

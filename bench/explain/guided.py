"""Guided backpropagation (Springenberg et al. 2015) and Guided Grad-CAM (Selvaraju et al., ICCV 2017)."""

import contextlib
from collections.abc import Callable, Iterator

import cv2
import keras
import numpy as np
from keras import ops

from vidattn.bench.explain import grad_cam
from vidattn.models.graph import inspection

RELUS = ("relu", "relu6")


def maps(model: keras.Model, streams: dict, classes: np.ndarray | None = None) -> np.ndarray:
    """The guided gradient of a class's score by the pictures, (B, T, H, W): largest magnitude over channels.

    Raises ValueError where the model reads no frames, or has no ReLU to guide.
    """
    (name,) = streams
    if name == "features":
        raise ValueError(f"'{model.name}' starts from stored features: no gradient leads to the frames.")
    logits = ops.convert_to_numpy(model(streams, training=False))
    classes = logits.argmax(axis=1) if classes is None else np.asarray(classes)
    chosen = ops.one_hot(classes, logits.shape[-1], dtype="float32")

    def score(x):
        return ops.sum(model({name: x}, training=False) * chosen)

    with _guided(model):
        slopes = grad_cam.gradient(score, ops.convert_to_tensor(streams[name], dtype="float32"))
    pictures = np.abs(slopes).max(axis=-1)
    return pictures[:, None] if pictures.ndim == 3 else pictures


def product(pixels: np.ndarray, cam: np.ndarray) -> np.ndarray:
    """Guided Grad-CAM: guided gradients (B, T, H, W) times Grad-CAM (B, T, h, w), enlarged bilinearly."""
    size = (pixels.shape[3], pixels.shape[2])
    flat = cam.reshape(-1, *cam.shape[2:]).astype(np.float32)
    large = np.stack([cv2.resize(each, size, interpolation=cv2.INTER_LINEAR) for each in flat])
    return pixels * large.reshape(pixels.shape)


@contextlib.contextmanager
def _guided(model: keras.Model) -> Iterator[None]:
    """While it lasts, only positive gradients pass back through every ReLU of a model."""
    with contextlib.ExitStack() as stack:
        count = 0
        for part in inspection.parts(model):
            if isinstance(part, keras.layers.ReLU):
                stack.enter_context(grad_cam.changed(part, positive))
            elif getattr(getattr(part, "activation", None), "__name__", "") in RELUS:
                stack.enter_context(_activated(part))
            else:
                continue
            count += 1
        if not count:
            raise ValueError(f"'{model.name}' has no ReLU to guide the gradient by.")
        yield


@contextlib.contextmanager
def _activated(part: keras.layers.Layer) -> Iterator[None]:
    original: Callable = part.activation
    part.activation = lambda x: positive(original(x))
    try:
        yield
    finally:
        part.activation = original


@ops.custom_gradient
def positive(x):
    """The identity, through which only the positive part of a gradient goes back."""

    def back(*args, upstream=None):
        slope = args[0] if upstream is None else upstream
        return ops.maximum(slope, 0)

    return x, back

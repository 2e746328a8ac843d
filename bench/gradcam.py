"""Grad-CAM (Selvaraju et al., ICCV 2017, section 3) of any model here, on every backend."""

import contextlib
from collections.abc import Callable, Iterator

import keras
import numpy as np
from keras import ops

from vidattn.models import build, inspection

# Where all mean gradients of a frame are this small a part of the mean magnitude, they cancel; what is left,
# as before a softmax over positions that share one weight vector (L2PA in the thesis' form), is rounding.
CANCELLED = 0.01


def layer(model: keras.Model, backbone: str, stage: str = "late") -> keras.layers.Layer:
    """The backbone's own layer at a stage ("early", "medium", "late", "final"), wherever it lies in a model.

    The last stage before the final pooling is the usual choice: coarser maps point nowhere, finer ones see
    less. Raises ValueError where a model has no such layer, with the reason.
    """
    taps = getattr(build.module("backbone", backbone), "ENDPOINTS", {})
    if stage not in taps:
        raise ValueError(
            f"Backbone '{backbone}' has no stage '{stage}'. Expected one of: {', '.join(taps) or 'none'}."
        )
    found = [part for part in inspection.parts(model) if part.name == taps[stage]]
    if not found:
        raise ValueError(
            f"'{model.name}' has no layer '{taps[stage]}' to differentiate by: it starts from stored "
            f"features, or Keras numbers the layers of '{backbone}' itself."
        )
    return found[0]


def maps(
    model: keras.Model, streams: dict, at: keras.layers.Layer, classes: np.ndarray | None = None
) -> np.ndarray:
    """What spoke for a class, where.

    Args:
        model: Logits (B, K) of a dict of streams.
        streams: A batch.
        at: Layer with the maps A, (B T, h, w, C).
        classes: (B,) the class to explain of each clip; by default the predicted one.

    Returns:
        Equations 1 and 2: ReLU of the sum over channels of A, each weighted by the mean gradient by it of the
        class's score (logit, or log of the mean probability); frame by frame, (B, T, h, w), not normalised.
        Zero where the mean gradients cancel.
    """
    seen = []
    with changed(at, lambda x: seen.append(x) or x):
        logits = model(streams, training=False)
    classes = ops.convert_to_numpy(logits).argmax(axis=1) if classes is None else np.asarray(classes)
    chosen = ops.one_hot(classes, logits.shape[-1], dtype=logits.dtype)

    def score(extra):
        with changed(at, lambda x: x + extra):
            return ops.sum(model(streams, training=False) * chosen)

    if len(seen) != 1 or len(seen[0].shape) != 4:
        raise ValueError(f"'{at.name}' of '{model.name}' gives no single map (B T, h, w, C) to weight.")
    slopes = gradient(score, ops.zeros_like(seen[0]))  # (B T, h, w, C)
    weights = slopes.mean(axis=(1, 2), keepdims=True)
    size = np.abs(slopes).mean(axis=(1, 2), keepdims=True).max(axis=-1, keepdims=True)
    weights = np.where(np.abs(weights).max(axis=-1, keepdims=True) > CANCELLED * size, weights, 0)
    found = np.maximum((ops.convert_to_numpy(seen[0]) * weights).sum(axis=-1), 0)
    return found.reshape(len(classes), -1, *found.shape[1:])


@contextlib.contextmanager
def changed(part: keras.layers.Layer, change: Callable) -> Iterator[None]:
    """While it lasts, a layer returns `change` of its output. The model must run eagerly to notice."""
    original = part.call
    part.call = lambda *args, **kwargs: change(original(*args, **kwargs))
    try:
        yield
    finally:
        part.call = original


def gradient(function: Callable, x) -> np.ndarray:
    """The gradient of a number by a tensor at `x`, with the backend's own means."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        return tape.gradient(value, x).numpy()
    if backend == "jax":
        import jax

        return np.asarray(jax.grad(function)(x))
    if backend == "torch":
        import torch

        x = x.detach().requires_grad_()
        return ops.convert_to_numpy(torch.autograd.grad(function(x), x)[0])
    raise ValueError(f"Grad-CAM knows no gradients of backend '{backend}'. Use tensorflow, jax or torch.")

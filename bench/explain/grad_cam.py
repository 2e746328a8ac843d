"""Grad-CAM (Selvaraju et al., ICCV 2017, section 3) of any model here, on every backend."""

import contextlib
from collections.abc import Callable, Iterator

import keras
import numpy as np
from keras import ops

from vidattn.models import build
from vidattn.models.graph import inspection

# Where all mean gradients of a frame are this small a part of the mean magnitude, they cancel; what is left,
# as before a softmax over positions that share one weight vector (L2PA in the thesis' form), is rounding.
CANCELLED = 0.01


def layer(model: keras.Model, backbone: str, stage: str = "late") -> keras.layers.Layer:
    """The backbone's own layer at a stage ("early", "medium", "late", "final"), wherever it lies in a model.

    Where a model starts from stored maps, the layer that takes those of the stage from the store. The last
    stage before the final pooling is the usual choice: coarser maps point nowhere, finer ones see less.
    Raises ValueError where a model has no such layer, with the reason.
    """
    taps = getattr(build.module("backbone", backbone), "ENDPOINTS", {})
    if stage not in taps:
        raise ValueError(
            f"Backbone '{backbone}' has no stage '{stage}'. Expected one of: {', '.join(taps) or 'none'}."
        )
    found = [part for part in inspection.parts(model) if part.name in (taps[stage], f"{stage}_stored")]
    if not found:
        raise ValueError(
            f"'{model.name}' has no layer '{taps[stage]}' to differentiate by: it starts from stored "
            f"features, or Keras numbers the layers of '{backbone}' itself."
        )
    return found[0]


def stages(model: keras.Model, backbone: str) -> dict[str, keras.layers.Layer]:
    """The layers of `layer` by stage, of those stages that the model has."""
    found = {}
    for stage in getattr(build.module("backbone", backbone), "ENDPOINTS", {}):
        with contextlib.suppress(ValueError):
            found[stage] = layer(model, backbone, stage)
    return found


def maps(
    model: keras.Model, streams: dict, at: keras.layers.Layer, classes: np.ndarray | None = None
) -> np.ndarray:
    """What spoke for a class, where: of one layer, see `maps_at`; frame by frame, (B, T, h, w)."""
    return maps_at(model, streams, {"": at}, classes)[""]


def maps_at(
    model: keras.Model,
    streams: dict,
    layers: dict[str, keras.layers.Layer],
    classes: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """What spoke for a class, where, at several layers at once.

    Args:
        model: Logits (B, K) of a dict of streams.
        streams: A batch.
        layers: By name, each with maps A (B T, h, w, C) of frames, or (B, T, h, w, C) of clips.
        classes: (B,) the class to explain of each clip; by default the predicted one.

    Returns:
        By name equations 1 and 2: ReLU of the sum over channels of A, each weighted by the mean gradient by
        it of the class's score (logit, or log of the mean probability); (B, T, h, w), not normalised. The
        mean is over the positions of a frame, of maps of clips over those of all. Zero where the mean
        gradients cancel.
    """
    seen, slopes, _ = gradients(model, streams, layers, classes)
    return {
        name: weighted(seen[name], slope, len(next(iter(streams.values())))) for name, slope in slopes.items()
    }


def weighted(values: np.ndarray, slopes: np.ndarray, clips: int) -> np.ndarray:
    """The equations of `maps_at`, from maps and gradients by them: (B, T, h, w)."""
    if slopes.ndim not in (4, 5):
        raise ValueError(f"Grad-CAM weights maps (B T, h, w, C) or (B, T, h, w, C), got {slopes.shape}.")
    axes = tuple(range(1, slopes.ndim - 1))
    weights = slopes.mean(axis=axes, keepdims=True)
    size = np.abs(slopes).mean(axis=axes, keepdims=True).max(axis=-1, keepdims=True)
    weights = np.where(np.abs(weights).max(axis=-1, keepdims=True) > CANCELLED * size, weights, 0)
    cam = np.maximum((values * weights).sum(axis=-1), 0)
    return cam.reshape(clips, -1, *cam.shape[-2:])


def joined(model: keras.Model) -> keras.layers.Layer | None:
    """The layer, or input, of the features (B, T, ...) of all frames, which a head joins; None without."""
    unfolded = [part for part in inspection.parts(model) if part.name.endswith("_unfold")]
    stored = [part for part in model.layers if part.name == "features"]  # the input
    return unfolded[0] if len(unfolded) == 1 else stored[0] if stored and not unfolded else None


def over_time(values: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """What spoke for a class, when: (B, T), the positive part of gradient times features of every frame."""
    return np.maximum((values * slopes).reshape(*values.shape[:2], -1).sum(axis=-1), 0)


def gradients(
    model: keras.Model,
    streams: dict,
    layers: dict[str, keras.layers.Layer],
    classes: np.ndarray | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    """Outputs of layers, the gradients by them of the score of a class, and the classes (B,)."""
    seen: dict[str, list] = {name: [] for name in layers}
    inner = {name: at for name, at in layers.items() if not isinstance(at, keras.layers.InputLayer)}
    outer = {name: at.name for name, at in layers.items() if name not in inner}  # that are no call of a layer
    with contextlib.ExitStack() as stack:
        for name, at in inner.items():
            stack.enter_context(changed(at, lambda x, name=name: seen[name].append(x) or x))
        logits = model(streams, training=False)
    for name, stream in outer.items():
        seen[name].append(ops.convert_to_tensor(streams[stream]))
    for name, outputs in seen.items():
        if len(outputs) != 1:
            raise ValueError(
                f"'{layers[name].name}' of '{model.name}' gives {len(outputs)} outputs, not one."
            )
    classes = ops.convert_to_numpy(logits).argmax(axis=1) if classes is None else np.asarray(classes)
    chosen = ops.one_hot(classes, logits.shape[-1], dtype=logits.dtype)

    def score(extras):
        extra = dict(zip(layers, extras))
        given = {**streams, **{stream: streams[stream] + extra[name] for name, stream in outer.items()}}
        with contextlib.ExitStack() as stack:
            for name, at in inner.items():
                stack.enter_context(changed(at, lambda x, more=extra[name]: x + more))
            return ops.sum(model(given, training=False) * chosen)

    slopes = gradient(score, [ops.zeros_like(outputs[0]) for outputs in seen.values()])
    values = {name: ops.convert_to_numpy(outputs[0]) for name, outputs in seen.items()}
    return values, dict(zip(layers, slopes)), classes


@contextlib.contextmanager
def changed(part: keras.layers.Layer, change: Callable) -> Iterator[None]:
    """While it lasts, a layer returns `change` of its output. The model must run eagerly to notice."""
    original = part.call
    part.call = lambda *args, **kwargs: change(original(*args, **kwargs))
    try:
        yield
    finally:
        part.call = original


def gradient(function: Callable, x):
    """The gradient of a number by a tensor, or by each of a list, at `x`, with the backend's own means."""
    several = isinstance(x, list)
    found = _gradients(function if several else lambda xs: function(xs[0]), x if several else [x])
    return found if several else found[0]


def _gradients(function: Callable, xs: list) -> list[np.ndarray]:
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(xs)
            value = function(xs)
        slopes = tape.gradient(value, xs, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [slope.numpy() for slope in slopes]
    if backend == "jax":
        import jax

        return [np.asarray(slope) for slope in jax.grad(function)(xs)]
    if backend == "torch":
        import torch

        xs = [x.detach().requires_grad_() for x in xs]
        slopes = torch.autograd.grad(function(xs), xs, allow_unused=True)
        return [
            np.zeros(x.shape, "float32") if s is None else ops.convert_to_numpy(s) for s, x in zip(slopes, xs)
        ]
    raise ValueError(f"Grad-CAM knows no gradients of backend '{backend}'. Use tensorflow, jax or torch.")

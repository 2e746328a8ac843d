"""Operations on finished graphs: insert attention, name endpoints, change the number of input channels."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from vidattn.models.attention import Attention, Tensor

_ORDINAL = re.compile(r"(\w+)\[(\d+)\]")


@dataclass(frozen=True)
class Taps:
    """Layer names of a backbone: by stage one name in `endpoints` and `inline`, two in `parallel`.

    A name may also be an ordinal such as `Add[1]`, the second Add layer, where Keras numbers names itself.
    """

    endpoints: dict[str, str]
    inline: dict[str, str]
    parallel: dict[str, tuple[str, str]]


def layer_name(model: keras.Model, name: str) -> str:
    """The name of a layer given by name or by ordinal among its class."""
    match = _ORDINAL.fullmatch(name)
    if not match:
        return model.get_layer(name).name
    kind, number = match.group(1), int(match.group(2))
    return [layer.name for layer in model.layers if type(layer).__name__ == kind][number]


def refined(
    model: keras.Model, x: Tensor, taps: Taps, attention: Attention, entrance: Callable | None = None
) -> dict[str, Tensor]:
    """Rebuilds a backbone on the input tensor `x`, through `entrance`, with attention at its in-line taps.

    Returns:
        The endpoints "early", "medium", "late", "final" of the new graph.
    """
    names = {stage: layer_name(model, name) for stage, name in taps.endpoints.items()}
    seen: dict[str, Tensor] = {}
    pairs: list[tuple[keras.layers.Layer, keras.layers.Layer]] = []
    hook = _hook(model, taps, attention, seen)
    start = entrance(x) if entrance else x

    def enter(layer: keras.layers.Layer, *args, **kwargs) -> Tensor:
        args = tuple(start if a is x else a for a in args)
        return hook(layer, *args, **kwargs)

    tensors = keras.tree.map_structure(lambda _: x, model.input)
    keras.models.clone_model(model, tensors, clone_function=_remember(pairs), call_function=enter)
    for old, new in pairs:
        new.set_weights(old.get_weights())
    return {stage: seen[name] for stage, name in names.items()}


def _remember(pairs: list) -> Callable:
    """A clone function that notes which layer stands for which: their weights are copied afterwards."""

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        new = type(layer).from_config(layer.get_config())
        pairs.append((layer, new))
        return new

    return clone


def _hook(model: keras.Model, taps: Taps, attention: Attention, seen: dict[str, Tensor]) -> Callable:
    """A call function that refines at the taps and keeps every layer's output by name."""
    inline = {layer_name(model, name): stage for stage, name in taps.inline.items()}
    entries: dict[str, str] = {}
    if attention.parallel:
        pairs = taps.parallel.items()
        inline = {layer_name(model, end): stage for stage, (_, end) in pairs}
        entries = {stage: layer_name(model, start) for stage, (start, _) in pairs}

    def call(layer: keras.layers.Layer, *args, **kwargs) -> Tensor:
        out = layer(*args, **kwargs)
        if layer.name in inline:
            stage = inline[layer.name]
            extra = {"entry": seen[entries[stage]]} if stage in entries else {}
            out = attention.refine(out, stage, **extra)
        seen[layer.name] = out
        return out

    return call


def average_channels(kernel: np.ndarray, channels: int) -> np.ndarray:
    """A kernel (h, w, 3, out) for `channels` inputs: its mean over RGB, repeated (Wang et al., ECCV 2016)."""
    return np.repeat(kernel.mean(axis=2, keepdims=True), channels, axis=2)


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copies weights layer by layer; the first kernel is averaged where channels differ."""
    pairs = zip(*([layer for layer in m.layers if layer.weights] for m in (source, target)), strict=True)
    for old, new in pairs:
        new.set_weights(
            [_fit(v, tuple(w.shape)) for v, w in zip(old.get_weights(), new.weights, strict=True)]
        )


def _fit(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A kernel averaged over channels, a per-channel vector averaged alike, or the value itself."""
    if value.shape == shape:
        return value
    if value.ndim == 4:
        return average_channels(value, shape[2])
    return np.full(shape, value.mean(), value.dtype)

"""Operations on finished graphs: insert attention, name endpoints, change the number of input channels."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from vidattn.models.hooks import Attention, Tensor
from vidattn.models.layers import core as layers
from vidattn.models.layers import inflated

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


@dataclass(frozen=True)
class Time:
    """Inflation over time: frames of a clip and frames that a kernel sees."""

    frames: int
    taps: int


def refined(
    model: keras.Model,
    x: Tensor,
    taps: Taps,
    attention: Attention,
    entrance: Callable | None = None,
    time: Time | None = None,
) -> dict[str, Tensor]:
    """Rebuilds a backbone on the tensor `x`, through `entrance`, with attention at its in-line taps.

    Args:
        model: The stock backbone.
        x: Images (B, H, W, C); with `time`, frames folded into the batch.
        taps: Where.
        attention: The hooks; with `time` they act on (B, T, H, W, C).
        entrance: A layer applied to `x` first.
        time: Inflates every spatial convolution over time.

    Returns:
        The endpoints "early", "medium", "late", "final" of the new graph; with `time` of rank 5.
    """
    start = entrance(x) if entrance else x
    seen: dict[str, Tensor] = {}
    hook = _hook(model, taps, attention, seen, time)
    starts = keras.tree.map_structure(lambda _: start, model.input)
    pairs: list[tuple[keras.layers.Layer, keras.layers.Layer]] = []
    keras.models.clone_model(model, starts, clone_function=_remember(pairs, time), call_function=hook)
    transfer(pairs)
    names = {stage: layer_name(model, name) for stage, name in taps.endpoints.items()}
    unfold = layers.Unfold(time.frames) if time else (lambda tensor: tensor)
    return {stage: unfold(seen[name]) for stage, name in names.items()}


def transfer(pairs: list[tuple[keras.layers.Layer, keras.layers.Layer]]) -> None:
    """Gives every new layer the weights of the old one, divided over the taps where it is inflated."""
    for old, new in pairs:
        if isinstance(new, inflated.Inflated):
            new.inflate(old)
        else:
            new.set_weights(old.get_weights())


def _remember(pairs: list, time: Time | None) -> Callable:
    """A clone function that notes which layer stands for which: their weights are copied afterwards."""

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        new = type(layer).from_config(layer.get_config())
        if time and max(getattr(layer, "kernel_size", (1,))) > 1:
            new = inflated.Inflated(new, time.taps, time.frames, name=layer.name)
            new.trainable = layer.trainable
        pairs.append((layer, new))
        return new

    return clone


def _hook(
    model: keras.Model, taps: Taps, attention: Attention, seen: dict[str, Tensor], time: Time | None
) -> Callable:
    """A call function that refines at the taps and keeps every layer's output by name."""
    inline = {layer_name(model, name): stage for stage, name in taps.inline.items()}
    entries: dict[str, str] = {}
    if attention.parallel:
        inline = {layer_name(model, end): stage for stage, (_, end) in taps.parallel.items()}
        entries = {stage: layer_name(model, start) for stage, (start, _) in taps.parallel.items()}

    def call(layer: keras.layers.Layer, *args, **kwargs) -> Tensor:
        out = layer(*args, **kwargs)
        if isinstance(layer, inflated.Inflated):
            out = _activation(model.get_layer(layer.name), out)
        if layer.name in inline and not attention.plain:
            stage = inline[layer.name]
            extra = {"entry": seen[entries[stage]]} if stage in entries else {}
            out = _refine(attention, out, stage, extra, time)
        seen[layer.name] = out
        return out

    return call


def _activation(layer: keras.layers.Layer, x: Tensor) -> Tensor:
    """The activation of a convolution, after the sum over its taps."""
    linear = layer.activation is keras.activations.linear
    return x if linear else keras.layers.Activation(layer.activation, name=f"{layer.name}_activation")(x)


def _refine(
    attention: Attention, x: Tensor, stage: str, extra: dict[str, Tensor], time: Time | None
) -> Tensor:
    """Applies the attention, to whole clips where time is folded into the batch."""
    if not time:
        return attention.refine(x, stage, **extra)
    whole = {name: layers.Unfold(time.frames)(tensor) for name, tensor in extra.items()}
    return layers.Fold()(attention.refine(layers.Unfold(time.frames)(x), stage, **whole))


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

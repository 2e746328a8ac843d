"""The additive gate that the attentions `gated` and `gated_grid` share (Schlemper et al., MIA 2019)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
from keras import ops

from vidattn.models.hooks import STAGES, Attention, Tensor
from vidattn.models.layers import core as layers
from vidattn.models.layers.core import serializable
from vidattn.models.parts import blocks

NORMALISERS = ("pseudo_softmax", "softmax", "sigmoid", "uniform")
FORMS = ("thesis", "original")


@dataclass(frozen=True)
class Gate:
    """Settings of a gate; `gated` documents them."""

    c_int: int = 32
    hidden: int = 1024
    normaliser: str = "pseudo_softmax"
    form: str = "thesis"
    denominator: str | None = None
    pooling: str | None = None

    def __post_init__(self) -> None:
        blocks.one_of("normaliser", self.normaliser, NORMALISERS)
        for field in ("form", "denominator", "pooling"):
            if getattr(self, field) is not None or field == "form":
                blocks.one_of(field, getattr(self, field), FORMS)

    def attention(self, context: Callable[[Tensor, Tensor, Tensor, str], Tensor]) -> Attention:
        """The hooks; `context(x, final, g, name)` is the gating signal, which meets the scores of `x`."""

        def vectors(endpoints: dict[str, Tensor]) -> dict[str, Tensor]:
            final = endpoints["final"]
            g = blocks.mean_pool(final)(final)
            signals = {s: context(endpoints[s], final, g, f"{s}_gate") for s in STAGES}
            return {**{s: self.attend(endpoints[s], signals[s], s) for s in STAGES}, "final": g}

        def readout(endpoints: dict[str, Tensor]) -> Tensor:
            return keras.layers.Concatenate()(list(vectors(endpoints).values()))

        def classify(endpoints: dict[str, Tensor], classes: int) -> Tensor:
            heads = {s: x if s == "final" else self.head(x, s) for s, x in vectors(endpoints).items()}
            return blocks.mean_of_heads({f"{s}_gate": x for s, x in heads.items()}, classes)

        return Attention(readout=readout, classify=classify if self.form == "thesis" else None)

    def head(self, x: Tensor, stage: str) -> Tensor:
        """The hidden layer of one tap's classifier."""
        return keras.layers.Dense(self.hidden, activation="relu", name=f"{stage}_gate_hidden")(x)

    def attend(self, x: Tensor, signal: Tensor, stage: str) -> Tensor:
        """The attended vector (B, C) of one tap."""
        weights = self.weights(x, signal, f"{stage}_gate")
        if (self.pooling or self.form) == "original":
            return blocks.weighted_sum(x, weights)
        gated = keras.layers.Multiply()([x, weights])
        return blocks.mean_pool(gated)(gated)

    def weights(self, x: Tensor, signal: Tensor, name: str) -> Tensor:
        """The map (B, H, W, 1): scores by an additive gate, normalised, averaged over their channels."""
        scores = blocks.conv(x, self.c_int, 1, use_bias=False, name=f"{name}_local")(x)
        scores = keras.layers.ReLU()(keras.layers.Add()([scores, signal]))
        channels = self.c_int if self.form == "thesis" else 1
        scores = blocks.conv(x, channels, 1, name=f"{name}_psi")(scores)
        weights = Normalise(self.normaliser, self.denominator or self.form, name=f"{name}_normalise")(scores)
        return layers.Map(**self._range(channels), name=f"{name}_map")(weights)

    def _range(self, channels: int) -> dict[str, float]:
        """What values a map can take."""
        if self.normaliser == "sigmoid":
            return {"low": 0.0, "high": 1.0}
        if self.normaliser in ("softmax", "uniform") or (self.denominator or self.form) == "original":
            return {"low": 0.0, "high": 1.0, "total": 1 / channels}
        return {}


@serializable
class Normalise(keras.layers.Layer):
    """Scores (B, ..., C) to a map (B, ..., 1): over positions and channels jointly, then the channel mean.

    Args:
        kind: "softmax", "sigmoid", "pseudo_softmax", `(s - min s) / sum(s - min s)`, or "uniform", the same
            weight everywhere with the sum of a softmax: the control.
        denominator: Of the last, "original" as written, guarded by the smallest number that keeps it
            positive, or "thesis", `sum s` as its code has it; that can be near zero or negative, so the map
            is unbounded.
    """

    def __init__(self, kind: str, denominator: str, **options):
        super().__init__(**options)
        self.kind, self.denominator = kind, denominator

    def call(self, scores):
        shape = scores.shape[1:]
        flat = ops.reshape(scores, (-1, math.prod(shape)))
        weights = ops.reshape(self.normalise(flat), (-1, *shape))
        return weights if shape[-1] == 1 else ops.mean(weights, axis=-1, keepdims=True)

    def normalise(self, flat):
        """Weights (B, N) of scores (B, N)."""
        if self.kind == "sigmoid":
            return ops.sigmoid(flat)
        if self.kind == "softmax":
            return ops.softmax(flat)
        if self.kind == "uniform":
            return ops.full_like(flat, 1 / flat.shape[1])
        shifted = flat - ops.min(flat, axis=1, keepdims=True)
        if self.denominator == "thesis":
            return shifted / ops.sum(flat, axis=1, keepdims=True)
        return shifted / ops.maximum(ops.sum(shifted, axis=1, keepdims=True), keras.config.epsilon())

    def compute_output_shape(self, shape):
        return (*shape[:-1], 1)

    def get_config(self) -> dict:
        return {**super().get_config(), "kind": self.kind, "denominator": self.denominator}

    def flops(self, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
        """Shift, sum and divide, or a softmax; then the channel mean."""
        size = math.prod(inputs[0])
        weights = {"softmax": 5 * size, "pseudo_softmax": 3 * size - 1}.get(self.kind, 0)
        guard = self.kind == "pseudo_softmax" and self.denominator == "original"
        return weights + int(guard) + (size if inputs[0][-1] > 1 else 0)

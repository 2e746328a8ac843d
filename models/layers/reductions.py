"""Keras layers that reduce axes or several tensors to one; each counts its own FLOPs."""

import functools
import math
from collections.abc import Sequence

import keras
from keras import ops

from vidattn.models.layers.core import serializable


@serializable
class ChannelStatistics(keras.layers.Layer):
    """Mean and maximum (or once more the mean) over channels, side by side: (B, ..., C) to (B, ..., 2)."""

    def __init__(self, second: str = "max", **options):
        super().__init__(**options)
        self.second = second

    def call(self, x):
        mean = ops.mean(x, -1, keepdims=True)
        return ops.concatenate([mean, mean if self.second == "mean" else ops.max(x, -1, keepdims=True)], -1)

    def get_config(self) -> dict:
        return {**super().get_config(), "second": self.second}

    def compute_output_shape(self, shape):
        return (*shape[:-1], 2)

    def flops(self, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
        """A sum and a maximum (or one more sum) over all elements."""
        return (1 if self.second == "mean" else 2) * math.prod(inputs[0]) - (
            self.second == "max"
        ) * math.prod(output[:-1])


@serializable
class Sum(keras.layers.Layer):
    """The sum over `axis`."""

    def __init__(self, axis: int | Sequence[int], **options):
        super().__init__(**options)
        self.axis = axis if isinstance(axis, int) else tuple(axis)

    def call(self, x):
        return ops.sum(x, axis=self.axis)

    def get_config(self) -> dict:
        return {**super().get_config(), "axis": self.axis}

    def flops(self, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
        """One addition less than there are elements, for each sum."""
        return math.prod(inputs[0]) - math.prod(output)


@serializable
class Max(keras.layers.Layer):
    """The maximum over one axis."""

    def __init__(self, axis: int, **options):
        super().__init__(**options)
        self.axis = axis

    def call(self, x):
        return ops.max(x, axis=self.axis)

    def get_config(self) -> dict:
        return {**super().get_config(), "axis": self.axis}

    def flops(self, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
        """One comparison less than there are elements, for each maximum."""
        return math.prod(inputs[0]) - math.prod(output)


@serializable
class WeightedMean(keras.layers.Layer):
    """The mean of several tensors of one shape under fixed weights."""

    def __init__(self, weights: Sequence[float], **options):
        super().__init__(**options)
        self.shares = tuple(weights)

    def call(self, inputs):
        total = sum(self.shares)
        first, *rest = (x * (w / total) for w, x in zip(self.shares, inputs, strict=True))
        return functools.reduce(ops.add, rest, first)

    def compute_output_shape(self, shapes):
        return shapes[0]

    def get_config(self) -> dict:
        return {**super().get_config(), "weights": self.shares}

    def flops(self, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
        """A product for each tensor, and their sum."""
        return (2 * len(inputs) - 1) * math.prod(output)

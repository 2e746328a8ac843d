"""Keras layers that several models share; all reload by name. Maps have any rank."""

import functools
import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

serializable = keras.saving.register_keras_serializable(package="vidattn")


@serializable
def legacy_sigmoid(x):
    """The hard sigmoid of Keras 2: `0.2 x + 0.5` clipped to [0, 1]. That of Keras 3 is `x / 6 + 0.5`."""
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


@serializable
class Map(keras.layers.Layer):
    """The identity; marks an attention map, so that it can be found in any model, also in a reloaded one.

    Args:
        low: Least possible value; None where unbounded.
        high: Greatest possible value; None where unbounded.
        total: Sum over positions that each map is normalised to; None where it is not.
    """

    def __init__(
        self, low: float | None = None, high: float | None = None, total: float | None = None, **options
    ):
        super().__init__(**options)
        self.low, self.high, self.total = low, high, total

    def call(self, x):
        return x

    def get_config(self) -> dict:
        return {**super().get_config(), "low": self.low, "high": self.high, "total": self.total}


@serializable
class Fold(keras.layers.Layer):
    """Frames into the batch: (B, T, H, W, C) to (B T, H, W, C)."""

    def call(self, x):
        return ops.reshape(x, (-1, *x.shape[2:]))

    def compute_output_shape(self, shape):
        return (None, *shape[2:])


@serializable
class Unfold(keras.layers.Layer):
    """Frames out of the batch: (B T, ...) to (B, T, ...)."""

    def __init__(self, frames: int, **options):
        super().__init__(**options)
        self.frames = frames

    def call(self, x):
        return ops.reshape(x, (-1, self.frames, *x.shape[1:]))

    def compute_output_shape(self, shape):
        return (None, self.frames, *shape[1:])

    def get_config(self) -> dict:
        return {**super().get_config(), "frames": self.frames}


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
class RealFrames(keras.layers.Layer):
    """True for every frame up to the last that is not all zero, (B, T, D) to (B, T) bool; the rest pads."""

    def call(self, x):
        real = ops.cast(ops.any(ops.not_equal(x, 0), axis=-1), "int32")
        return ops.flip(ops.cumsum(ops.flip(real, axis=1), axis=1), axis=1) > 0

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape[:-1], dtype="bool")

    def flops(self, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
        """Not counted: comparisons of the input alone."""
        return 0


@serializable
class SoftmaxOverReal(keras.layers.Layer):
    """Softmax of rows (B, D, T) over the steps of a mask (B, T); the others get 0."""

    def call(self, rows, real):
        return ops.softmax(ops.where(real[:, None, :], rows, -1e9), axis=-1)

    def compute_output_shape(self, rows_shape, real_shape):
        return rows_shape

    def flops(self, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
        """Five operations an element, like any softmax."""
        return 5 * math.prod(output)


@serializable
class DropMask(keras.layers.Layer):
    """The identity, less the mask that Keras carries on from a recurrent layer: ours is passed by hand."""

    def __init__(self, **options):
        super().__init__(**options)
        self.supports_masking = True

    def call(self, x):
        return ops.copy(x)  # the same tensor would keep the mask that it carries

    def compute_mask(self, x, mask=None):
        return None


@serializable
class OverFrames(keras.layers.Layer):
    """`x` (B, T, D) divided by its number of real frames, of a mask (B, T)."""

    def call(self, x, real):
        count = ops.maximum(ops.sum(ops.cast(real, "int32"), axis=1), 1)
        return x / ops.cast(count, x.dtype)[:, None, None]

    def compute_output_shape(self, x_shape, real_shape):
        return x_shape

    def flops(self, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
        """A division an element."""
        return math.prod(output)


@serializable
class LastStep(keras.layers.Layer):
    """The last output of a two-way LSTM: forward half at the last (real) step, backward half at the first."""

    def call(self, x, real=None):
        half = x.shape[-1] // 2
        if real is None:
            return ops.concatenate([x[:, -1, :half], x[:, 0, half:]], -1)
        real = ops.cast(real, x.dtype)
        edge = real - ops.pad(real[:, 1:], [[0, 0], [0, 1]])  # 1 at the last real step
        return ops.concatenate([ops.sum(x[..., :half] * edge[..., None], axis=1), x[:, 0, half:]], -1)

    def compute_output_shape(self, x_shape, real_shape=None):
        return (x_shape[0], x_shape[-1])


@serializable
class Log(keras.layers.Layer):
    """Probabilities to logits: their logarithm, kept finite. A softmax of the result gives them back."""

    def call(self, x):
        return ops.log(ops.maximum(x, 1e-30))


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


@serializable
class Resize(keras.layers.Layer):
    """Resamples the axes between batch and channels to `size`, each in turn, at half-pixel centres.

    Args:
        size: New length of every axis.
        interpolation: "nearest" or "bilinear".
    """

    def __init__(self, size: Sequence[int], interpolation: str = "nearest", **options):
        super().__init__(**options)
        self.size, self.interpolation = tuple(size), interpolation

    def call(self, x):
        for axis, length in enumerate(self.size, 1):
            if x.shape[axis] != length:
                x = self.resample(x, axis, length)
        return x

    def resample(self, x, axis: int, length: int):
        """One axis to a new length."""
        old = x.shape[axis]
        centre = (np.arange(length) + 0.5) * old / length - 0.5
        if self.interpolation == "nearest":
            return ops.take(x, np.clip(np.floor(centre + 0.5), 0, old - 1).astype("int32"), axis)
        low = np.floor(centre)
        share = (centre - low).reshape([-1 if a == axis else 1 for a in range(len(x.shape))])
        first, second = (np.clip(i, 0, old - 1).astype("int32") for i in (low, low + 1))
        share = ops.cast(share, x.dtype)
        return ops.take(x, first, axis) * (1 - share) + ops.take(x, second, axis) * share

    def compute_output_shape(self, shape):
        return (shape[0], *self.size, shape[-1])

    def get_config(self) -> dict:
        return {**super().get_config(), "size": self.size, "interpolation": self.interpolation}


@serializable
class Preprocess(keras.layers.Layer):
    """Inputs in [-1, 1] to what a backbone's weights expect.

    Args:
        mode: "raw", 0 to 255, or "caffe", BGR less the mean colour. Stacks of flow, of other than three
            channels, are only scaled, for their zero is in the middle.
    """

    MEANS = (103.939, 116.779, 123.68)

    def __init__(self, mode: str, **options):
        super().__init__(**options)
        self.mode = mode

    def call(self, x):
        if self.mode == "raw":
            return (x + 1.0) * 127.5
        if x.shape[-1] != 3:
            return x * 127.5
        return ops.flip((x + 1.0) * 127.5, axis=-1) - ops.cast(self.MEANS, x.dtype)

    def get_config(self) -> dict:
        return {**super().get_config(), "mode": self.mode}

    def flops(self, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
        """One addition and one product an element."""
        return 2 * math.prod(output)


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

"""Keras layers that tell a clip's real frames (B, T) from the zeros that pad it."""

import math

import keras
from keras import ops

from vidattn.models.layers.core import serializable


def real_frames(x, ops=ops):
    """True for every frame up to the last that is not all zero, (B, T, D) to (B, T) bool; the rest pads.

    `ops` is `keras.ops`, or numpy for arrays.
    """
    some = ops.where(ops.any(ops.not_equal(x, 0), axis=-1), 1, 0)
    return ops.flip(ops.cumsum(ops.flip(some, axis=1), axis=1), axis=1) > 0


@serializable
class RealFrames(keras.layers.Layer):
    """`real_frames` in a model."""

    def call(self, x):
        return real_frames(x)

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

"""Keras layers that several models share; all reload by name. Maps have any rank."""

import math

import keras
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
class Piece(keras.layers.Layer):
    """A part of a vector as a map: (B, D) to (B, H, W, C), from element `start` on."""

    def __init__(self, start: int, shape: tuple[int, ...], **options):
        super().__init__(**options)
        self.start, self.shape = start, tuple(shape)

    def call(self, x):
        return ops.reshape(x[:, self.start : self.start + math.prod(self.shape)], (-1, *self.shape))

    def compute_output_shape(self, shape):
        return (shape[0], *self.shape)

    def get_config(self) -> dict:
        return {**super().get_config(), "start": self.start, "shape": self.shape}


@serializable
class Blend(keras.layers.Layer):
    """`x + a (y - x)` with one learned weight a that starts at 0: what makes y of x begins as the identity.

    Reference:
        Bachlechner et al., "ReZero is All You Need", UAI 2021, equation 1.
    """

    def build(self, shapes):
        self.weight = self.add_weight(shape=(), initializer="zeros", name="weight")

    def call(self, inputs):
        x, y = inputs
        return x + self.weight * (y - x)

    def compute_output_shape(self, shapes):
        return shapes[0]

    def flops(self, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
        """A difference, a product and a sum an element."""
        return 3 * math.prod(output)


@serializable
class Log(keras.layers.Layer):
    """Probabilities to logits: their logarithm, kept finite. A softmax of the result gives them back."""

    def call(self, x):
        return ops.log(ops.maximum(x, 1e-30))


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

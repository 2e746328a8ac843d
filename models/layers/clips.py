"""Keras layers on clips (B, T, ...): windows, averages, crops, fixed filters."""

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from vidattn.models.layers.core import serializable

Shape = tuple[int, ...]


@serializable
class TimeMean(keras.layers.Layer):
    """The mean over time, (B, T, D) to (B, D); with `linear` step t of T weighs t / T."""

    def __init__(self, linear: bool = False, **options):
        super().__init__(**options)
        self.linear = linear

    def call(self, x):
        steps = x.shape[1]
        weights = np.arange(1, steps + 1) if self.linear else np.ones(steps)
        weights = ops.cast((weights / weights.sum()).reshape(1, steps, 1), x.dtype)
        return ops.sum(x * weights, axis=1)

    def get_config(self) -> dict:
        return {**super().get_config(), "linear": self.linear}

    def flops(self, inputs: list[Shape], output: Shape) -> int:
        """A product an element, and the sums."""
        return 2 * math.prod(inputs[0]) - math.prod(output)


@serializable
class Windows(keras.layers.Layer):
    """Short stacks of frames as channels: (B, T, H, W, C) to (B, N, H, W, length C)."""

    def __init__(self, length: int, stride: int, **options):
        super().__init__(**options)
        self.length, self.stride = length, stride

    def call(self, x):
        starts = range(0, x.shape[1] - self.length + 1, self.stride)
        parts = [x[:, i : i + self.length] for i in starts]
        parts = [
            ops.reshape(ops.transpose(p, (0, 2, 3, 1, 4)), (-1, *self.compute_output_shape(x.shape)[2:]))
            for p in parts
        ]
        return ops.stack(parts, axis=1)

    def compute_output_shape(self, shape):
        count = (shape[1] - self.length) // self.stride + 1
        return (shape[0], count, *shape[2:4], self.length * shape[4])

    def get_config(self) -> dict:
        return {**super().get_config(), "length": self.length, "stride": self.stride}


@serializable
class Pick(keras.layers.Layer):
    """Some frames of a clip, by number."""

    def __init__(self, frames: Sequence[int], **options):
        super().__init__(**options)
        self.frames = tuple(frames)

    def call(self, x):
        return ops.stack([x[:, i] for i in self.frames], axis=1)

    def get_config(self) -> dict:
        return {**super().get_config(), "frames": self.frames}


@serializable
class Centre(keras.layers.Layer):
    """The middle of every frame, `size` (H, W)."""

    def __init__(self, size: Sequence[int], **options):
        super().__init__(**options)
        self.size = tuple(size)

    def call(self, x):
        top, left = ((now - new) // 2 for now, new in zip(x.shape[2:4], self.size, strict=True))
        return x[:, :, top : top + self.size[0], left : left + self.size[1]]

    def get_config(self) -> dict:
        return {**super().get_config(), "size": self.size}


@serializable
class Hardwired(keras.layers.Layer):
    """A fixed stream of Ji et al.: the "grey" level, or its "gradient_x" or "gradient_y" (central)."""

    def __init__(self, kind: str, **options):
        super().__init__(**options)
        self.kind = kind

    def call(self, x):
        grey = ops.sum(x * ops.cast((0.299, 0.587, 0.114), x.dtype), axis=-1, keepdims=True)
        if self.kind == "grey":
            return grey
        if self.kind == "gradient_x":
            wide = ops.concatenate([grey[:, :, :, :1], grey, grey[:, :, :, -1:]], axis=3)
            return (wide[:, :, :, 2:] - wide[:, :, :, :-2]) / 2
        tall = ops.concatenate([grey[:, :, :1], grey, grey[:, :, -1:]], axis=2)
        return (tall[:, :, 2:] - tall[:, :, :-2]) / 2

    def get_config(self) -> dict:
        return {**super().get_config(), "kind": self.kind}

    def flops(self, inputs: list[Shape], output: Shape) -> int:
        """Three products and two sums, and a difference and a division for gradients."""
        return (5 if self.kind == "grey" else 7) * math.prod(output)


@serializable
class Channel(keras.layers.Layer):
    """One channel, kept as an axis."""

    def __init__(self, index: int, **options):
        super().__init__(**options)
        self.index = index

    def call(self, x):
        return x[..., self.index : self.index + 1]

    def get_config(self) -> dict:
        return {**super().get_config(), "index": self.index}

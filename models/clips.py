"""Keras layers on clips (B, T, ...): windows, averages, self-attention, fixed filters, inflation."""

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from vidattn.models.layers import serializable

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


@serializable
class Positions(keras.layers.Layer):
    """Adds a learned vector to every step of (B, T, D)."""

    def build(self, shape):
        normal = keras.initializers.RandomNormal(stddev=0.02)
        self.table = self.add_weight(shape=tuple(shape[1:]), initializer=normal, name="table")

    def call(self, x):
        return x + self.table

    def flops(self, inputs: list[Shape], output: Shape) -> int:
        """One sum an element."""
        return math.prod(output)


@serializable
class AttentionWeights(keras.layers.Layer):
    """Softmax of scaled dot products: query and key (B, T, D) to (B, heads, T, T), each row summing to 1."""

    def __init__(self, heads: int, **options):
        super().__init__(**options)
        self.heads = heads

    def call(self, inputs):
        query, key = (split_heads(x, self.heads) for x in inputs)
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / math.sqrt(query.shape[-1])
        return ops.softmax(scores)

    def compute_output_shape(self, shapes):
        return (shapes[0][0], self.heads, shapes[0][1], shapes[1][1])

    def get_config(self) -> dict:
        return {**super().get_config(), "heads": self.heads}

    def flops(self, inputs: list[Shape], output: Shape) -> int:
        """The products, the scale, the softmax."""
        return (2 * inputs[0][-1] // self.heads + 6) * math.prod(output)


@serializable
class AttentionMix(keras.layers.Layer):
    """Values (B, T, D) mixed by weights (B, heads, T, T)."""

    def call(self, inputs):
        weights, value = inputs
        mixed = ops.matmul(weights, split_heads(value, weights.shape[1]))  # (B, heads, T, D / heads)
        return ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, *value.shape[1:]))

    def compute_output_shape(self, shapes):
        return shapes[1]

    def flops(self, inputs: list[Shape], output: Shape) -> int:
        """The products."""
        return 2 * inputs[0][-1] * math.prod(output)


def split_heads(x, heads: int):
    """(B, T, D) to (B, heads, T, D / heads)."""
    parts = ops.reshape(x, (-1, x.shape[1], heads, x.shape[2] // heads))
    return ops.transpose(parts, (0, 2, 1, 3))


@serializable
class Inflated(keras.layers.Layer):
    """A 2D convolution made 3D: the sum of one 2D convolution for each of `taps` frames around.

    Frames stay folded into the batch, (B T, H, W, C). The first and last frame are repeated beyond the ends.

    Args:
        layer: The 2D layer (or its serialised form), without activation.
        taps: Frames that the kernel sees, odd.
        frames: Frames of a clip, T.
    """

    def __init__(self, layer, taps: int, frames: int, **options):
        super().__init__(**options)
        self.template = (
            keras.saving.serialize_keras_object(layer) if isinstance(layer, keras.layers.Layer) else layer
        )
        self.taps, self.frames = taps, frames
        self.parts = [self._part(number) for number in range(taps)]

    def _part(self, number: int) -> keras.layers.Layer:
        """The 2D layer of one tap; only the first has the bias."""
        config = dict(self.template["config"], name=f"tap{number}", activation="linear")
        config["use_bias"] = config["use_bias"] and number == 0
        return keras.saving.deserialize_keras_object({**self.template, "config": config})

    def build(self, shape):
        for part in self.parts:
            part.build(shape)

    def call(self, x):
        clip = ops.reshape(x, (-1, self.frames, *x.shape[1:]))
        middle = self.taps // 2
        total = None
        for number, part in enumerate(self.parts):
            frames = np.clip(np.arange(self.frames) + number - middle, 0, self.frames - 1).astype("int32")
            moved = ops.reshape(ops.take(clip, frames, axis=1), (-1, *x.shape[1:]))
            total = part(moved) if total is None else total + part(moved)
        return total

    def compute_output_shape(self, shape):
        return self.parts[0].compute_output_shape(shape)

    def inflate(self, layer: keras.layers.Layer) -> None:
        """Takes over the weights of the 2D layer: the first kernel divided by the taps, the rest as it is."""
        values = layer.get_weights()
        kernels = values[:-1] if layer.use_bias else values
        kernels = [kernels[0] / self.taps, *kernels[1:]]
        for number, part in enumerate(self.parts):
            part.set_weights([*kernels, values[-1]] if layer.use_bias and number == 0 else kernels)

    def get_config(self) -> dict:
        return {**super().get_config(), "layer": self.template, "taps": self.taps, "frames": self.frames}

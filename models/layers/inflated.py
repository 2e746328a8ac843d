"""2D convolutions made 3D (Carreira and Zisserman 2017)."""

import keras
import numpy as np
from keras import ops

from vidattn.models.layers.core import serializable


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

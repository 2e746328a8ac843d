"""Resampling of maps of any rank."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from vidattn.models.layers.core import serializable


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

"""The endpoints of a backbone as one vector, as features are stored, and back."""

import itertools
import math

import keras

from vidattn.models.hooks import Tensor
from vidattn.models.layers import core as layers

Shapes = dict[str, tuple[int, ...]]


def join(endpoints: dict[str, Tensor]) -> Tensor:
    """Maps (B, H, W, C) flattened, one after the other: (B, D)."""
    return keras.layers.Concatenate()([keras.layers.Flatten()(x) for x in endpoints.values()])


def split(x: Tensor, shapes: Shapes) -> dict[str, Tensor]:
    """Maps (B, H, W, C) by name, of these shapes (H, W, C), from a vector (B, D) of them all."""
    starts = itertools.accumulate(map(math.prod, shapes.values()), initial=0)
    return {
        name: layers.Piece(start, shape, name=f"{name}_stored")(x)
        for (name, shape), start in zip(shapes.items(), starts)
    }

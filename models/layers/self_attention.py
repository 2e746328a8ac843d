"""Multi-head self-attention over time (Vaswani et al. 2017) with weights that can be looked at."""

import math

import keras
from keras import ops

from vidattn.models.layers.core import serializable

Shape = tuple[int, ...]


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
class Query(keras.layers.Layer):
    """One learned token, the same for every sample of (B, N, D): (B, 1, D)."""

    def build(self, shape):
        normal = keras.initializers.RandomNormal(stddev=0.02)
        self.token = self.add_weight(shape=(1, shape[-1]), initializer=normal, name="token")

    def call(self, x):
        return ops.zeros_like(x[:, :1]) + self.token

    def compute_output_shape(self, shape):
        return (shape[0], 1, shape[-1])

    def flops(self, inputs: list[Shape], output: Shape) -> int:
        """Nothing: it is only repeated."""
        return 0


@serializable
class AttentionWeights(keras.layers.Layer):
    """Softmax of scaled dot products: query (B, M, D), key (B, N, D) to (B, heads, M, N); rows sum to 1."""

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
    """Values (B, N, D) mixed by weights (B, heads, M, N): (B, M, D)."""

    def call(self, inputs):
        weights, value = inputs
        mixed = ops.matmul(weights, split_heads(value, weights.shape[1]))  # (B, heads, M, D / heads)
        return ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, weights.shape[2], value.shape[2]))

    def compute_output_shape(self, shapes):
        return (shapes[1][0], shapes[0][2], shapes[1][2])

    def flops(self, inputs: list[Shape], output: Shape) -> int:
        """The products."""
        return 2 * inputs[0][-1] * math.prod(output)


def split_heads(x, heads: int):
    """(B, T, D) to (B, heads, T, D / heads)."""
    parts = ops.reshape(x, (-1, x.shape[1], heads, x.shape[2] // heads))
    return ops.transpose(parts, (0, 2, 1, 3))

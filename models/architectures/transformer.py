"""A transformer encoder over frame features (Vaswani et al., NIPS 2017)."""

import keras

from vidattn.models import blocks, layers, self_attention
from vidattn.models.attention import Tensor
from vidattn.models.encoder import Encoder

STREAMS = ("rgb",)
FEATURES = True


def architecture(
    encoder: Encoder,
    width: int = 256,
    depth: int = 2,
    heads: int = 4,
    hidden: int = 1024,
    dropout: float = 0.1,
) -> Tensor:
    """Logits (B, K) from the mean over time of the encoded frames.

    Args:
        width: Width of the tokens; features are projected to it.
        depth: Number of blocks.
        heads: Attention heads of a block; they divide the width.
        hidden: Width of the dense layer inside a block.
        dropout: Dropped share after each half of a block.

    Differences from the paper:
        Normalisation before each half of a block instead of after it; learned positions; far smaller.
    """
    if width % heads:
        raise ValueError(f"{heads} heads do not divide a width of {width}.")
    x = keras.layers.Dense(width, name="token")(encoder.features("rgb"))  # (B, T, width)
    x = self_attention.Positions(name="positions")(x)
    for number in range(1, depth + 1):
        x = block(x, heads, hidden, dropout, f"block{number}")
    x = keras.layers.LayerNormalization(name="norm")(x)
    return blocks.logits(keras.layers.GlobalAveragePooling1D()(x), encoder.classes, name="logits")


def block(x: Tensor, heads: int, hidden: int, dropout: float, name: str) -> Tensor:
    """Self-attention, then two dense layers, each with normalisation before and a shortcut around."""
    width = x.shape[-1]
    y = keras.layers.LayerNormalization(name=f"{name}_norm1")(x)
    query, key, value = (keras.layers.Dense(width, name=f"{name}_{n}")(y) for n in ("query", "key", "value"))
    weights = self_attention.AttentionWeights(heads, name=f"{name}_weights")([query, key])  # (B, heads, T, T)
    weights = layers.Map(low=0.0, high=1.0, name=f"{name}_map")(weights)
    y = self_attention.AttentionMix(name=f"{name}_mix")([weights, value])
    y = keras.layers.Dense(width, name=f"{name}_out")(y)
    x = keras.layers.Add()([x, keras.layers.Dropout(dropout)(y)])
    y = keras.layers.LayerNormalization(name=f"{name}_norm2")(x)
    y = keras.layers.Dense(hidden, activation="gelu", name=f"{name}_hidden")(y)
    y = keras.layers.Dense(width, name=f"{name}_mlp")(y)
    return keras.layers.Add()([x, keras.layers.Dropout(dropout)(y)])

"""A transformer encoder over frame features (Vaswani et al., NIPS 2017)."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.layers import self_attention
from vidattn.models.parts import blocks, transformer

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
    x = keras.layers.Dense(width, name="token")(encoder.features("rgb"))  # (B, T, width)
    x = self_attention.Positions(name="positions")(x)
    for number in range(1, depth + 1):
        x = transformer.block(x, heads, hidden, dropout, f"block{number}")
    x = keras.layers.LayerNormalization(name="norm")(x)
    return blocks.logits(keras.layers.GlobalAveragePooling1D()(x), encoder.classes, name="logits")

"""Attentive probing: a learned query over the tokens of a frozen backbone (V-JEPA 2, Assran et al. 2025)."""

from typing import Literal

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.layers import self_attention
from vidattn.models.parts import blocks, transformer

STREAMS = ("rgb",)
FEATURES = True
TOKENS = ("positions", "frames")


def architecture(
    encoder: Encoder,
    depth: int = 1,
    tokens: Literal["positions", "frames"] = "positions",
    width: int = 256,
    heads: int = 4,
    hidden: int = 1024,
    dropout: float = 0.0,
    places: bool = False,
) -> Tensor:
    """Logits (B, K) from what the query has gathered.

    Args:
        depth: Blocks: the last is the query's, those before are self-attention among the tokens (4 in V-JEPA
            2; 1 is the query alone).
        tokens: "positions", every position of the last map of every frame, or "frames", one vector a frame.
        width: Width of the tokens; features are projected to it.
        heads: Attention heads of a block; they divide the width.
        hidden: Width of the dense layer inside a block.
        dropout: Dropped share after each half of a block.
        places: Adds a learned vector to every token. Without, the probe sees a set of tokens.

    Differences from the paper:
        Tokens are projected to `width` (theirs keep the encoder's), of which there are fewer; theirs carry
        the encoder's positions, those of a convolutional backbone none in time.
    """
    blocks.one_of("tokens", tokens, TOKENS)
    if tokens == "positions":
        x = encoder.final("rgb")  # (B, T, H, W, C)
        x = keras.layers.Reshape((-1, x.shape[-1]))(x)  # (B, T H W, C)
    else:
        x = encoder.features("rgb")  # (B, T, D)
    x = keras.layers.Dense(width, name="token")(x)
    x = self_attention.Positions(name="places")(x) if places else x
    for number in range(1, depth):
        x = transformer.block(x, heads, hidden, dropout, f"block{number}")
    x = transformer.pool(x, heads, hidden, dropout, "probe")
    x = keras.layers.LayerNormalization(name="norm")(keras.layers.Flatten()(x))
    return blocks.logits(x, encoder.classes, name="logits")

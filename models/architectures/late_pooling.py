"""Dense layers on every frame, then max pooling over time (Yue-Hei Ng et al., CVPR 2015, "late pooling")."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.parts import blocks

STREAMS = ("rgb",)
FEATURES = True


def architecture(encoder: Encoder, dense: int = 4096, depth: int = 2, dropout: float = 0.5) -> Tensor:
    """Logits (B, K).

    Args:
        dense: Width of the dense layers, shared by all frames.
        depth: Number of dense layers.
        dropout: Dropped share before the last layer.
    """
    x = encoder.features("rgb")  # (B, T, D)
    for number in range(1, depth + 1):
        x = keras.layers.Dense(dense, activation="relu", name=f"dense{number}")(x)
    x = keras.layers.GlobalMaxPooling1D(name="time_pool")(x)
    return blocks.logits(keras.layers.Dropout(dropout)(x), encoder.classes, name="logits")

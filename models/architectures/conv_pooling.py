"""Max pooling of the last map over time, then dense layers (Yue-Hei Ng et al., CVPR 2015, "conv pooling")."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.layers import reductions
from vidattn.models.parts import temporal

STREAMS = ("rgb",)
FEATURES = True


def architecture(encoder: Encoder, dense: int = 4096, dropout: float = 0.5) -> Tensor:
    """Logits (B, K); positions are kept through the pooling.

    Args:
        dense: Width of the dense layer.
        dropout: Dropped share after it.
    """
    x = reductions.Max(axis=1, name="time_pool")(encoder.final("rgb"))  # (B, H, W, C)
    return temporal.dense_head(keras.layers.Flatten()(x), encoder.classes, dense, dropout)

"""Max pooling over short windows, a dense layer, max pooling over all (Yue-Hei Ng et al., CVPR 2015)."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.parts import temporal

STREAMS = ("rgb",)
FEATURES = True


def architecture(
    encoder: Encoder, window: int = 10, stride: int = 5, dense: int = 4096, dropout: float = 0.5
) -> Tensor:
    """Logits (B, K).

    Args:
        window: Frames of a window; shorter clips make one window.
        stride: Frames between the starts of windows.
        dense: Width of the dense layer on windows, and of the one on the clip.
        dropout: Dropped share after the latter.
    """
    x = temporal.window_pool(encoder.features("rgb"), window, stride)  # (B, N, D)
    x = keras.layers.Dense(dense, activation="relu", name="window_dense")(x)
    x = keras.layers.GlobalMaxPooling1D(name="time_pool")(x)
    return temporal.dense_head(x, encoder.classes, dense, dropout)

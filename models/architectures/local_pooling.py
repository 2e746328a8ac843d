"""Max pooling over short windows alone, all windows to the classifier (Yue-Hei Ng et al., CVPR 2015)."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.parts import blocks, temporal

STREAMS = ("rgb",)
FEATURES = True


def architecture(
    encoder: Encoder, window: int = 10, stride: int = 5, dense: int = 4096, dropout: float = 0.5
) -> Tensor:
    """Logits (B, K).

    Args:
        window: Frames of a window; shorter clips make one window.
        stride: Frames between the starts of windows.
        dense: Width of the two dense layers, shared by all windows.
        dropout: Dropped share before the classifier.
    """
    x = temporal.window_pool(encoder.features("rgb"), window, stride)  # (B, N, D)
    for number in (1, 2):
        x = keras.layers.Dense(dense, activation="relu", name=f"window_dense{number}")(x)
    x = keras.layers.Dropout(dropout)(keras.layers.Flatten()(x))
    return blocks.logits(x, encoder.classes, name="logits")

"""A convolution over time before max pooling over time (Yue-Hei Ng et al., CVPR 2015)."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.layers import reductions
from vidattn.models.parts import temporal

STREAMS = ("rgb",)
FEATURES = True


def architecture(
    encoder: Encoder,
    filters: int = 256,
    window: int = 10,
    stride: int = 5,
    dense: int = 4096,
    dropout: float = 0.5,
) -> Tensor:
    """Logits (B, K).

    Args:
        filters: Kernels of `window` x 3 x 3.
        window: Frames that a kernel sees; at most those of the clip.
        stride: Frames between its positions.
        dense: Width of the dense layer.
        dropout: Dropped share after it.
    """
    x = encoder.final("rgb")  # (B, T, H, W, C)
    before = [(0, 0), (1, 1), (1, 1)]
    x = keras.layers.ZeroPadding3D(before)(x)
    kernel = (min(window, x.shape[1]), 3, 3)
    x = keras.layers.Conv3D(filters, kernel, (stride, 1, 1), activation="relu", name="time_conv")(x)
    x = reductions.Max(axis=1, name="time_pool")(x)
    return temporal.dense_head(keras.layers.Flatten()(x), encoder.classes, dense, dropout)

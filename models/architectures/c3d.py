"""C3D (Tran et al., ICCV 2015, figure 3): eight 3x3x3 convolutions, five poolings, two dense layers."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder

STREAMS = ("rgb",)
OWN_BODY = True
# Name, factor on the width, whether a pooling follows, stage of the attention there.
LAYERS = [
    ("conv1a", 1, (1, 2, 2), None),
    ("conv2a", 2, (2, 2, 2), None),
    ("conv3a", 4, None, None),
    ("conv3b", 4, (2, 2, 2), "early"),
    ("conv4a", 8, None, None),
    ("conv4b", 8, (2, 2, 2), "medium"),
    ("conv5a", 8, None, None),
    ("conv5b", 8, (2, 2, 2), "late"),
]


def architecture(encoder: Encoder, width: int = 64, dense: int = 4096, dropout: float = 0.5) -> Tensor:
    """Logits (B, K); the paper's input is 16 frames of 112x112.

    Args:
        width: Channels of the first layer.
        dense: Width of the two dense layers.
        dropout: Dropped share after each.
    """
    endpoints: dict[str, Tensor] = {}
    x = encoder.clip("rgb")
    for name, factor, pool, stage in LAYERS:
        x = keras.layers.Conv3D(factor * width, 3, padding="same", activation="relu", name=name)(x)
        if stage:
            x = endpoints[stage] = encoder.attention.refine(x, stage)
        x = keras.layers.MaxPooling3D(pool, padding="same")(x) if pool else x
    endpoints["final"] = x

    def top(x: Tensor) -> Tensor:
        x = keras.layers.Flatten()(x)
        for name in ("fc6", "fc7"):
            x = keras.layers.Dropout(dropout)(keras.layers.Dense(dense, activation="relu", name=name)(x))
        return x

    return encoder.output(endpoints, "logits", top)

"""Two frames far apart, joined at the dense layer (Karpathy et al., CVPR 2014, "late fusion")."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.layers import clips
from vidattn.models.parts import temporal

STREAMS = ("rgb",)


def architecture(encoder: Encoder, distance: int = 15, dense: int = 4096, dropout: float = 0.5) -> Tensor:
    """Logits (B, K).

    Args:
        distance: Frames between the two; at most to the end of the clip.
        dense: Width of the dense layer that joins them.
        dropout: Dropped share after it.
    """
    clip = encoder.clip("rgb")
    frames = (0, min(distance, clip.shape[1] - 1))
    x = encoder.features("rgb", clips.Pick(frames, name="pick")(clip))  # (B, 2, D)
    return temporal.dense_head(keras.layers.Flatten()(x), encoder.classes, dense, dropout)

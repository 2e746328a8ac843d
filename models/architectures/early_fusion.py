"""All frames enter the first layer at once, as channels (Karpathy et al., CVPR 2014, "early fusion")."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.layers import clips

STREAMS = ("rgb",)


def architecture(encoder: Encoder) -> Tensor:
    """Logits (B, K).

    The first kernel of the backbone reaches over all T frames: depth T, no padding in time.
    """
    clip = encoder.clip("rgb")  # (B, T, H, W, C)
    stack = clips.Windows(clip.shape[1], clip.shape[1], name="stack")(clip)  # (B, 1, H, W, T C)
    return keras.layers.Reshape((encoder.classes,))(encoder.logits("rgb", stack))

"""The centre at full resolution, the whole frame at half (Karpathy et al., CVPR 2014, section 3.2)."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.layers import clips, resize
from vidattn.models.parts import temporal

STREAMS = ("rgb",)
LEAST = 64  # pixels: each view has half of them


def architecture(encoder: Encoder, dense: int = 4096, dropout: float = 0.5) -> Tensor:
    """Logits (B, K). Each network sees half of the height and of the width in pixels.

    Args:
        dense: Width of the dense layer that joins fovea and context.
        dropout: Dropped share after it.
    """
    clip = encoder.clip("rgb")  # (B, T, H, W, C)
    half = (clip.shape[2] // 2, clip.shape[3] // 2)
    views = {
        "fovea": clips.Centre(half, name="fovea")(clip),
        "context": resize.Resize((clip.shape[1], *half), "bilinear", name="context")(clip),
    }
    features = [encoder.features("rgb", view, name) for name, view in views.items()]
    x = keras.layers.GlobalAveragePooling1D()(keras.layers.Concatenate()(features))
    return temporal.dense_head(x, encoder.classes, dense, dropout)

"""Control of the ICIP tables: the mean of frame features and one linear layer; no recurrence."""

import keras

from vidattn.models import blocks
from vidattn.models.attention import Tensor
from vidattn.models.encoder import Encoder

STREAMS = ("rgb",)
FEATURES = True


def architecture(encoder: Encoder) -> Tensor:
    """Logits (B, K)."""
    x = keras.layers.GlobalAveragePooling1D()(encoder.features("rgb"))
    return blocks.logits(x, encoder.classes, name="logits")

"""Control of the ICIP tables: the mean of frame features and one linear layer; no recurrence."""

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.parts import blocks, temporal

STREAMS = ("rgb",)
FEATURES = True
MASK = True


def architecture(encoder: Encoder) -> Tensor:
    """Logits (B, K)."""
    x = temporal.mean(encoder.features("rgb"), encoder.real())
    return blocks.logits(x, encoder.classes, name="logits")

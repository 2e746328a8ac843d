"""One picture, one prediction: the thesis' prototypes (chapter 5)."""

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder

STREAMS = ("image",)
FEATURES = True


def architecture(encoder: Encoder) -> Tensor:
    """Logits (B, K) of an image classifier."""
    return encoder.image()

"""One picture, one prediction: the thesis' prototypes (chapter 5)."""

from vidattn.models.attention import Tensor
from vidattn.models.encoder import Encoder

STREAMS = ("image",)


def architecture(encoder: Encoder) -> Tensor:
    """Logits (B, K) of an image classifier."""
    return encoder.image()

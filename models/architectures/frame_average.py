"""Each frame classified alone, predictions averaged: the spatial stream of Simonyan and Zisserman, 2014."""

from vidattn.models import temporal
from vidattn.models.attention import Tensor
from vidattn.models.encoder import Encoder

STREAMS = ("rgb",)
FEATURES = True


def architecture(encoder: Encoder, average: str = "probabilities") -> Tensor:
    """Logits (B, K): the logarithm of the mean probability over frames, or the mean of the frames' logits.

    Args:
        average: "probabilities" (both theses of this line of work) or "logits".
    """
    return temporal.average_time(encoder.logits("rgb"), average)

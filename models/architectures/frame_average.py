"""Each frame classified alone, predictions averaged: the spatial stream of Simonyan and Zisserman, 2014."""

from typing import Literal

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.parts import temporal

STREAMS = ("rgb",)
FEATURES = True


def architecture(encoder: Encoder, average: Literal["probabilities", "logits"] = "probabilities") -> Tensor:
    """Logits (B, K): the logarithm of the mean probability over frames, or the mean of the frames' logits.

    Args:
        average: "probabilities" (both theses of this line of work) or "logits".
    """
    return temporal.average_time(encoder.logits("rgb"), average)

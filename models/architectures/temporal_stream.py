"""Stacks of flow classified, predictions averaged: the temporal stream of Simonyan and Zisserman, 2014."""

from vidattn.models import temporal
from vidattn.models.attention import Tensor
from vidattn.models.encoder import Encoder

STREAMS = ("flow",)


def architecture(encoder: Encoder, average: str = "probabilities") -> Tensor:
    """Logits (B, K) from T - L stacks of L flow fields.

    Args:
        average: "probabilities" or "logits", see `frame_average`.
    """
    return temporal.average_time(encoder.logits("flow"), average)

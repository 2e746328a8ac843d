"""Stacks of flow classified, predictions averaged: the temporal stream of Simonyan and Zisserman, 2014."""

from typing import Literal

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.parts import temporal

STREAMS = ("flow",)


def architecture(encoder: Encoder, average: Literal["probabilities", "logits"] = "probabilities") -> Tensor:
    """Logits (B, K) from T - L stacks of L flow fields.

    Args:
        average: "probabilities" or "logits", see `frame_average`.
    """
    return temporal.average_time(encoder.logits("flow"), average)

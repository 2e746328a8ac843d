"""Variant B of You and Korhonen (ICIP 2020): a two-way LSTM, then attention over time and feature."""

from typing import Literal

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.parts import temporal

STREAMS = ("rgb",)
FEATURES = True
MASK = True
CONTROL = "lstm_uniform"  # the same but for weights of 1 / T


def architecture(
    encoder: Encoder,
    units: int = 256,
    dense: int = 512,
    dropout: float = 0.5,
    gates: Literal["legacy", "modern"] = "legacy",
    readout: Literal["last", "flatten", "mean"] = "flatten",
) -> Tensor:
    """Logits (B, K).

    Args:
        units: LSTM units each way.
        dense: Width of the dense layer.
        dropout: Dropped share after it.
        gates: "legacy" (hard sigmoid of Keras 2, as published) or "modern".
        readout: "flatten" (as published), "last" or "mean"; "last" against variant A isolates the attention
            from the handing over of all states.
    """
    real = encoder.real()
    x = temporal.bilstm(encoder.features("rgb"), units, True, gates, real)  # (B, T, 2 units)
    x = temporal.readout(temporal.time_attention(x, real=real), readout, real)
    return temporal.dense_head(x, encoder.classes, dense, dropout)

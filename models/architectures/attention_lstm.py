"""Variant C of You and Korhonen (ICIP 2020): attention over time and feature, then a two-way LSTM."""

from typing import Literal

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.parts import temporal

STREAMS = ("rgb",)
FEATURES = True
MASK = True
CONTROL = "uniform_lstm"  # the same but for weights of 1 / T


def architecture(
    encoder: Encoder,
    units: int = 256,
    dense: int = 512,
    dropout: float = 0.5,
    gates: Literal["legacy", "modern"] = "legacy",
    readout: Literal["last", "flatten", "mean"] = "last",
) -> Tensor:
    """Logits (B, K).

    Args:
        units: LSTM units each way.
        dense: Width of the dense layer.
        dropout: Dropped share after it.
        gates: "legacy" (hard sigmoid of Keras 2, as published) or "modern".
        readout: "last" (as published), "flatten" or "mean" of the sequence.
    """
    real = encoder.real()
    x = temporal.time_attention(encoder.features("rgb"), real=real)  # (B, T, D)
    x = temporal.bilstm(x, units, readout != "last", gates, real)
    x = x if readout == "last" else temporal.readout(x, readout, real)
    return temporal.dense_head(x, encoder.classes, dense, dropout)

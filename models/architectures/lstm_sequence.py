"""Control of the ICIP tables: variant B without attention; from variant A only the readout differs."""

from typing import Literal

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.parts import temporal

STREAMS = ("rgb",)
FEATURES = True
MASK = True


def architecture(
    encoder: Encoder,
    units: int = 256,
    dense: int = 512,
    dropout: float = 0.5,
    gates: Literal["legacy", "modern"] = "legacy",
) -> Tensor:
    """Logits (B, K) from all states of a two-way LSTM, flattened. Arguments as in `lstm`."""
    x = temporal.bilstm(encoder.features("rgb"), units, True, gates, encoder.real())
    return temporal.dense_head(temporal.readout(x, "flatten"), encoder.classes, dense, dropout)

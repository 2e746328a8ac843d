"""Control of the ICIP tables: variant B with the constant weight 1 / T, so that only its scaling remains."""

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
    """Logits (B, K) from all states of a two-way LSTM over T, flattened. Arguments as in `lstm`."""
    real = encoder.real()
    x = temporal.bilstm(encoder.features("rgb"), units, True, gates, real)  # (B, T, 2 units)
    return temporal.dense_head(
        temporal.readout(temporal.uniform(x, real), "flatten"), encoder.classes, dense, dropout
    )

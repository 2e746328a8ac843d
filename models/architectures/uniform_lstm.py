"""Control of the ICIP tables: variant C with the constant weight 1 / T, so that only its scaling remains."""

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
    """Logits (B, K). Arguments as in `lstm`."""
    real = encoder.real()
    x = temporal.uniform(encoder.features("rgb"), real)  # (B, T, D)
    x = temporal.bilstm(x, units, False, gates, real)
    return temporal.dense_head(x, encoder.classes, dense, dropout)

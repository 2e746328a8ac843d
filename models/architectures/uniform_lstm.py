"""Control of the ICIP tables: variant C with the constant weight 1 / T, so that only its scaling remains."""

import keras

from vidattn.models import masking, temporal
from vidattn.models.attention import Tensor
from vidattn.models.encoder import Encoder

STREAMS = ("rgb",)
FEATURES = True
MASK = True


def architecture(
    encoder: Encoder, units: int = 256, dense: int = 512, dropout: float = 0.5, gates: str = "legacy"
) -> Tensor:
    """Logits (B, K). Arguments as in `lstm`."""
    x, real = encoder.features("rgb"), encoder.real()  # (B, T, D)
    if real is None:
        x = keras.layers.Rescaling(1 / x.shape[1], name="uniform")(x)
    else:
        x = masking.OverFrames(name="uniform")(x, real)
    x = temporal.bilstm(x, units, False, gates, real)
    return temporal.dense_head(x, encoder.classes, dense, dropout)

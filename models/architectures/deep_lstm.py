"""Stacked LSTM, a prediction at every frame (Yue-Hei Ng et al., CVPR 2015, section 3.2)."""

from typing import Literal

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder
from vidattn.models.layers import clips
from vidattn.models.layers import core as layers
from vidattn.models.parts import blocks, temporal

STREAMS = ("rgb",)
FEATURES = True


def architecture(
    encoder: Encoder,
    depth: int = 5,
    units: int = 512,
    dropout: float = 0.0,
    combine: Literal["linear", "mean", "last"] = "linear",
    gates: Literal["legacy", "modern"] = "modern",
) -> Tensor:
    """Logits (B, K): the logarithm of the combined frame probabilities, or those of the last frame.

    Args:
        depth: Number of layers. The notebook of the thesis has 3, with dropout 0.5 and combine "last".
        units: Memory cells of a layer.
        dropout: Dropped share of every layer's input.
        combine: "linear", frame t of T weighs t / T; "mean"; "last", the last frame alone.
        gates: "modern" or "legacy" (hard sigmoid of Keras 2).
    """
    blocks.one_of("combine", combine, ("linear", "mean", "last"))
    x = encoder.features("rgb")  # (B, T, D)
    for number in range(1, depth + 1):
        sequences = number < depth or combine != "last"
        x = keras.layers.SpatialDropout1D(dropout)(x)  # the same features at every step
        x = temporal.lstm(units, sequences, gates, unroll=True, name=f"lstm{number}")(x)
    scores = blocks.logits(x, encoder.classes, name="logits")
    if combine == "last":
        return scores
    scores = keras.layers.Softmax(dtype="float32")(scores)
    return layers.Log(name="log")(clips.TimeMean(combine == "linear", name="combine")(scores))

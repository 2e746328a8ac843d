"""The control of L2PA and of the gates: their maps without attention, each averaged over its positions."""

import keras

from vidattn.models.attention import Attention, Tensor
from vidattn.models.parts import blocks

FEATURES = True  # reads maps that may be stored


def attention() -> Attention:
    """The means of the early, medium, late and final map, joined: what a readout of four maps is worth."""

    def readout(endpoints: dict[str, Tensor]) -> Tensor:
        return keras.layers.Concatenate()([blocks.mean_pool(x)(x) for x in endpoints.values()])

    return Attention(readout=readout)

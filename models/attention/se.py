"""Squeeze and excitation (Hu et al., CVPR 2018, equations 2 to 4), the ancestor of CBAM's channel gate."""

from typing import Literal

import keras

from vidattn.models.attention import Attention, Tensor
from vidattn.models.layers import core as layers
from vidattn.models.parts import blocks


def attention(r: float = 16, start: Literal["random", "identity"] = "random") -> Attention:
    """Gates channels by a perceptron on their means, at three stages inside the backbone. Any rank.

    Args:
        r: Reduction; the hidden width is `max(1, int(C / r))`.
        start: "random", or "identity", for a trained backbone: the block moves away from its input as far as
            a learned weight, 0 at first, grows.

    Differences from the paper:
        Three blocks at the stages of the other attentions, not one in every block of the backbone.
    """

    def refine(x: Tensor, stage: str) -> Tensor:
        width, name = x.shape[-1], f"{stage}_se"
        gate = blocks.mean_pool(x)(x)  # (B, C)
        gate = keras.layers.Dense(max(1, int(width / r)), activation="relu", name=f"{name}_hidden")(gate)
        gate = keras.layers.Dense(width, activation="sigmoid", name=f"{name}_output")(gate)
        gate = layers.Map(low=0.0, high=1.0, name=f"{name}_channel_map")(gate)
        return blocks.begin(x, keras.layers.Multiply()([x, blocks.spread(gate, x)]), start, name)

    return Attention(refine=refine)

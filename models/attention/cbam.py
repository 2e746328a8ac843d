"""CBAM: convolutional block attention module (Woo et al., ECCV 2018, equations 1 to 3)."""

from typing import Literal

import keras

from vidattn.models.attention import Attention, Tensor
from vidattn.models.layers import core as layers
from vidattn.models.layers import reductions
from vidattn.models.parts import blocks


def attention(
    r: float = 16,
    k: int = 7,
    form: Literal["thesis", "original"] = "thesis",
    second: Literal["max", "mean"] = "max",
    start: Literal["random", "identity"] = "random",
) -> Attention:
    """Gates channels, then positions, at three stages inside the backbone. Works on maps of any rank.

    Args:
        r: Reduction of the channel perceptron; its width is `max(1, int(C / r))`.
        k: Kernel size of the spatial gate.
        form: "thesis" or "original", see below.
        second: Second statistic of the spatial gate, "max" (paper, thesis code) or "mean" (thesis text).
        start: "random", or "identity", for a trained backbone: the block moves away from its input as far as
            a learned weight, 0 at first, grows.

    Differences from the paper:
        "thesis" adds the input to the gated map, `x + F''` (the paper adds only inside residual blocks, where
        the addition is the block's own). "original" returns `F''`. The thesis prints a mean as second term of
        the spatial gate (equation 2.15); its code and both forms here use the maximum, as the paper does.
    """
    blocks.one_of("form", form, ("thesis", "original"))
    blocks.one_of("second", second, ("max", "mean"))

    def refine(x: Tensor, stage: str) -> Tensor:
        name = f"{stage}_cbam"
        gated = spatial(channel(x, name, r), name, k, second)
        gated = keras.layers.Add(name=f"{name}_add")([x, gated]) if form == "thesis" else gated
        return blocks.begin(x, gated, start, name)

    return Attention(refine=refine)


def channel(x: Tensor, name: str, r: float) -> Tensor:
    """Equation 2: one perceptron on the mean and the maximum of every channel."""
    width = x.shape[-1]
    hidden = keras.layers.Dense(max(1, int(width / r)), activation="relu", name=f"{name}_hidden")
    output = keras.layers.Dense(width, name=f"{name}_output")
    pooled = [output(hidden(pool(x))) for pool in (blocks.mean_pool(x), blocks.max_pool(x))]  # (B, C)
    gate = keras.layers.Activation("sigmoid")(keras.layers.Add()(pooled))
    gate = layers.Map(low=0.0, high=1.0, name=f"{name}_channel_map")(gate)
    return keras.layers.Multiply()([x, blocks.spread(gate, x)])


def spatial(x: Tensor, name: str, k: int, second: str) -> Tensor:
    """Equation 3: one convolution on the mean and the maximum over the channels of every position."""
    statistics = reductions.ChannelStatistics(second, name=f"{name}_statistics")(x)  # (B, H, W, 2)
    gate = blocks.conv(x, 1, k, activation="sigmoid", name=f"{name}_spatial")(statistics)
    gate = layers.Map(low=0.0, high=1.0, name=f"{name}_spatial_map")(gate)
    return keras.layers.Multiply()([x, gate])

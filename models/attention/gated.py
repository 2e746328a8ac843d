"""Gated attention with a global signal (Schlemper et al., MIA 2019, section 3.1)."""

from typing import Literal

import keras

from vidattn.models.attention import Attention, Tensor
from vidattn.models.parts import blocks
from vidattn.models.parts.gating import Gate

FEATURES = True  # reads maps that may be stored
CONTROL = "multilevel"  # the same maps, averaged and joined without attention


def attention(
    c_int: int = 32,
    hidden: int = 1024,
    normaliser: Literal["pseudo_softmax", "softmax", "sigmoid", "uniform"] = "pseudo_softmax",
    form: Literal["thesis", "original"] = "thesis",
    denominator: Literal["thesis", "original"] | None = None,
    pooling: Literal["thesis", "original"] | None = None,
) -> Attention:
    """Three maps, each gated by the mean of the last map: `psi(relu(W_l l + W_g g + b))`.

    Args:
        c_int: Width of the additive score.
        hidden: Width of the hidden layer of each head (form "thesis").
        normaliser: "pseudo_softmax", "softmax", "sigmoid", or "uniform": no attention, the control.
        form: "thesis" or "original"; sets the two below and the head.
        denominator: Of the pseudo-softmax, "thesis" (`sum s`) or "original" (`sum(s - min s)`). None follows
            `form`.
        pooling: Of attended features, "thesis" (mean over positions) or "original" (sum). None follows
            `form`.

    Differences from the paper:
        "thesis": psi has c_int outputs, normalised over positions and channels jointly and then averaged, so
        a map sums to 1 / c_int; attended features are *averaged* over positions, which shrinks them by H W
        more; the minimum is missing from the pseudo-softmax's denominator; the output is the mean of four
        heads' probabilities. "original": one score a position, a map that sums to 1, a sum over positions,
        and one dense layer on the joined vectors. The thesis labels its ResNet50V2 rows c_int 32, hidden
        1024; only 64 and 2048 give the published counts, and those are the defaults of that backbone.
    """
    return Gate(c_int, hidden, normaliser, form, denominator, pooling).attention(
        lambda x, final, g, name: signal(x, g, name, c_int)
    )


def signal(x: Tensor, g: Tensor, name: str, c_int: int) -> Tensor:
    """The projected mean of the last map, one vector for all positions."""
    return blocks.spread(keras.layers.Dense(c_int, name=f"{name}_global")(g), x)

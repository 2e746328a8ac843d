"""Gated attention with a gating grid (Schlemper et al., Medical Image Analysis 2019, section 3.3)."""

from typing import Literal

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
    upsampling: Literal["nearest", "bilinear"] | None = None,
) -> Attention:
    """As `gated`, but each position is gated by the part of the last map above it.

    Args:
        c_int: Width of the additive score.
        hidden: Width of the hidden layer of each head (form "thesis").
        normaliser: "pseudo_softmax", "softmax", "sigmoid", or "uniform": no attention, the control.
        form: "thesis" or "original"; sets the two below and the head.
        denominator: Of the pseudo-softmax, "thesis" (`sum s`) or "original" (`sum(s - min s)`). None follows
            `form`.
        pooling: Of attended features, "thesis" (mean over positions) or "original" (sum). None follows
            `form`.
        upsampling: Of the grid to the size of a map, "nearest" (thesis) or "bilinear" (paper, authors' code).
            None follows `form`.

    Differences from the paper:
        Those of `gated`. "thesis" repeats the projected grid to the size of the tap; where that is no whole
        multiple, it is resampled to the nearest, so that every backbone and input size works.
    """
    upsampling = upsampling or {"original": "bilinear"}.get(form, "nearest")
    blocks.one_of("upsampling", upsampling, ("nearest", "bilinear"))
    return Gate(c_int, hidden, normaliser, form, denominator, pooling).attention(
        lambda x, final, g, name: signal(x, final, name, c_int, upsampling)
    )


def signal(x: Tensor, final: Tensor, name: str, c_int: int, upsampling: str) -> Tensor:
    """The projected last map, enlarged to the size of `x`."""
    projected = blocks.conv(final, c_int, 1, name=f"{name}_global")(final)
    return blocks.upsample(projected, x.shape[1:-1], upsampling)

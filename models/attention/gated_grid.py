"""Gated attention with a gating grid (Schlemper et al., Medical Image Analysis 2019, section 3.3)."""

from vidattn.models import blocks
from vidattn.models.attention import Attention, Tensor
from vidattn.models.gating import Gate


def attention(
    c_int: int = 32,
    hidden: int = 1024,
    normaliser: str = "pseudo_softmax",
    form: str = "thesis",
    denominator: str | None = None,
    pooling: str | None = None,
) -> Attention:
    """As `gated`, but each position is gated by the part of the last map above it.

    Args:
        c_int: Width of the additive score.
        hidden: Width of the hidden layer of each head (form "thesis").
        normaliser: "pseudo_softmax", "softmax" or "sigmoid".
        form: "thesis" or "original"; sets the two below and the head.
        denominator: Of the pseudo-softmax, "thesis" (`sum s`) or "original" (`sum(s - min s)`). None follows
            `form`.
        pooling: Of attended features, "thesis" (mean over positions) or "original" (sum). None follows
            `form`.

    Differences from the paper:
        Those of `gated`. The projected grid is repeated to the size of the tap (the paper interpolates it);
        where that is no whole multiple, it is resampled to the nearest, so that every backbone and input size
        works.
    """
    return Gate(c_int, hidden, normaliser, form, denominator, pooling).attention(
        lambda x, final, g, name: signal(x, final, name, c_int)
    )


def signal(x: Tensor, final: Tensor, name: str, c_int: int) -> Tensor:
    """The projected last map, enlarged to the size of `x`."""
    projected = blocks.conv(final, c_int, 1, name=f"{name}_global")(final)
    return blocks.upsample(projected, x.shape[1:-1])

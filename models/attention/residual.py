"""Residual attention (Wang et al., CVPR 2017, equations 1, 3 and figure 2)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import keras
from keras import ops

from vidattn.models.attention import STAGES, Attention, Tensor
from vidattn.models.layers import core as layers
from vidattn.models.parts import blocks


def attention(
    p: int | None = None,
    t: int = 2,
    r: int = 1,
    shortcuts: tuple[int, int, int] = (2, 1, 0),
    unit: Literal["bottleneck", "inverted"] = "bottleneck",
    mask: Literal["mixed", "channel", "spatial"] = "mixed",
    upsampling: Literal["nearest", "bilinear"] | None = None,
    parallel: bool = False,
    form: Literal["thesis", "original"] = "thesis",
    start: Literal["random", "identity"] = "random",
) -> Attention:
    """Trunk and mask branch, `(1 + M) T`, at three stages inside the backbone. Works on maps of any rank.

    Args:
        p: Units before and after trunk and mask. None is 1 in form "original" (the paper's pre-processing), 0
            otherwise and with `parallel`, where the backbone's own blocks stand there.
        t: Units of the trunk. With `parallel` the existing block is the first.
        r: Units at every level of the mask.
        shortcuts: Nested levels of the mask at the early, medium and late stage; each needs one more halving.
        unit: "bottleneck" (pre-activation, width C / 4) or "inverted" (inverted residual, expansion 6).
        mask: "mixed" (sigmoid), "channel" (each position divided by its L2 norm over channels), or "spatial"
            (sigmoid of each channel standardised over positions): table 1 of the paper.
        upsampling: "nearest" (gives the published FLOPs) or "bilinear" (the paper, and the thesis' last
            code). None follows `form`.
        parallel: The mask runs beside an existing block of the backbone (MobileNetV2 in the thesis).
        form: "thesis" or "original", see below.
        start: "random", or "identity", for a trained backbone: the block moves away from its input as far as
            a learned weight, 0 at first, grows.

    Differences from the paper:
        "thesis": the skip between mask levels is the identity, and the two 1x1 convolutions that end the mask
        follow each other directly. "original": the skip passes through a unit, and batch norm and ReLU come
        before each of the two. Sizes that do not halve are padded before pooling and resampled to the skip's
        size.
    """
    blocks.one_of("form", form, ("thesis", "original"))
    p = int(form == "original" and not parallel) if p is None else p
    upsampling = upsampling or {"original": "bilinear"}.get(form, "nearest")
    blocks.one_of("mask", mask, tuple(RANGES))
    blocks.one_of("upsampling", upsampling, ("nearest", "bilinear"))
    blocks.one_of("unit", unit, tuple(UNITS))
    if parallel and (p or t < 1):
        raise ValueError("Residual attention beside an existing block needs p: 0 and t of at least 1.")
    levels = dict(zip(STAGES, shortcuts, strict=True))

    def refine(given: Tensor, stage: str, entry: Tensor | None = None) -> Tensor:
        branch = Module(f"{stage}_residual", UNITS[unit], r, mask, upsampling, form)
        x = branch.units(given, p, "before")
        trunk = branch.units(x, t - 1 if parallel else t, "trunk")
        weights = branch.mask_branch(x if entry is None else entry, levels[stage])
        gated = keras.layers.Add()([trunk, keras.layers.Multiply()([trunk, weights])])
        return blocks.begin(given, branch.units(gated, p, "after"), start, branch.name)

    return Attention(refine=refine, parallel=parallel)


@dataclass(frozen=True)
class Module:
    """One attention module while it is being built."""

    name: str
    unit: Callable[[Tensor, str], Tensor]
    r: int
    mask: str
    upsampling: str
    form: str

    def units(self, x: Tensor, count: int, where: str) -> Tensor:
        """`count` residual units in a row."""
        for number in range(1, count + 1):
            x = self.unit(x, f"{self.name}_{where}{number}")
        return x

    def mask_branch(self, x: Tensor, levels: int) -> Tensor:
        """The mask (B, H, W, C) for the trunk."""
        size = x.shape[1:-1]
        y = self.units(blocks.max_pool_half(x), self.r, "down")
        y = self.units(self.nested(y, levels), self.r, "up")
        y = blocks.upsample(y, size, self.upsampling)
        for number in (1, 2):
            y = _norm_relu(y, f"{self.name}_mask{number}") if self.form == "original" else y
            y = blocks.conv(y, x.shape[-1], 1, name=f"{self.name}_mask{number}")(y)
        y = keras.layers.Activation("sigmoid")(y) if self.mask == "mixed" else MaskActivation(self.mask)(y)
        low, high = RANGES[self.mask]
        return layers.Map(low=low, high=high, name=f"{self.name}_map")(y)

    def nested(self, x: Tensor, levels: int) -> Tensor:
        """`levels` times: halve, units, the next level, units, enlarge, add the skip."""
        if not levels:
            return x
        y = self.units(blocks.max_pool_half(x), self.r, f"down{levels}_")
        y = self.units(self.nested(y, levels - 1), self.r, f"up{levels}_")
        y = blocks.upsample(y, x.shape[1:-1], self.upsampling)
        skip = x if self.form == "thesis" else self.unit(x, f"{self.name}_skip{levels}")
        return keras.layers.Add()([y, skip])


def _norm_relu(x: Tensor, name: str, epsilon: float = 1.001e-5) -> Tensor:
    """Batch norm, ReLU."""
    return keras.layers.ReLU()(keras.layers.BatchNormalization(epsilon=epsilon, name=f"{name}_bn")(x))


def bottleneck(x: Tensor, name: str) -> Tensor:
    """The pre-activation bottleneck of ResNet V2 with identity skip; 17 f^2 + 28 f weights, f = C / 4."""
    width = x.shape[-1]
    if width % 4:
        raise ValueError(f"A bottleneck needs channels divisible by 4 and got {width}; use unit: inverted.")
    y = x
    for number, (filters, kernel, bias) in enumerate(
        [(width // 4, 1, False), (width // 4, 3, False), (width, 1, True)]
    ):
        part = f"{name}_{number}"
        y = blocks.conv(x, filters, kernel, use_bias=bias, name=f"{part}_conv")(_norm_relu(y, part))
    return keras.layers.Add(name=f"{name}_add")([x, y])


def inverted(x: Tensor, name: str) -> Tensor:
    """The inverted residual of MobileNetV2, expansion 6; 12 C^2 + 106 C weights."""
    width = x.shape[-1]
    y = blocks.conv(x, 6 * width, 1, use_bias=False, name=f"{name}_expand")(x)
    y = keras.layers.ReLU(6.0)(_mobile_norm(y, f"{name}_expand"))
    y = blocks.depthwise(y, 3, f"{name}_depthwise")
    y = keras.layers.ReLU(6.0)(_mobile_norm(y, f"{name}_depthwise"))
    y = blocks.conv(x, width, 1, use_bias=False, name=f"{name}_project")(y)
    return keras.layers.Add(name=f"{name}_add")([x, _mobile_norm(y, f"{name}_project")])


def _mobile_norm(x: Tensor, name: str) -> Tensor:
    """Batch norm as in MobileNetV2."""
    return keras.layers.BatchNormalization(epsilon=1e-3, momentum=0.999, name=f"{name}_bn")(x)


@layers.serializable
class MaskActivation(keras.layers.Layer):
    """The activation of the "channel" and "spatial" masks (equations 4 and 5 of the paper)."""

    def __init__(self, kind: str, **options):
        super().__init__(**options)
        self.kind = kind

    def call(self, x):
        if self.kind == "channel":
            return x / ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True) + keras.config.epsilon())
        axes = tuple(range(1, len(x.shape) - 1))
        centred = x - ops.mean(x, axes, keepdims=True)
        spread = ops.sqrt(ops.mean(ops.square(centred), axes, keepdims=True) + keras.config.epsilon())
        return ops.sigmoid(centred / spread)

    def flops(self, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
        """Square, sum and divide; the spatial kind also centres."""
        return (3 if self.kind == "channel" else 5) * math.prod(output)

    def get_config(self) -> dict:
        return {**super().get_config(), "kind": self.kind}


RANGES = {"mixed": (0.0, 1.0), "channel": (-1.0, 1.0), "spatial": (0.0, 1.0)}
UNITS = {"bottleneck": bottleneck, "inverted": inverted}

"""R(2+1)D (Tran et al., CVPR 2018, section 3.5): residual networks with space and time convolved apart."""

import keras

from vidattn.models.attention import Tensor
from vidattn.models.graph.encoder import Encoder

STREAMS = ("rgb",)
OWN_BODY = True
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
STAGES = ("early", "medium", "late", "final")


def architecture(encoder: Encoder, depth: int = 18, width: int = 64) -> Tensor:
    """Logits (B, K); the paper's input is 8 to 32 frames of 112x112.

    Args:
        depth: 18 or 34 layers.
        width: Channels of the first stage.

    Differences from the paper:
        None known; attention may follow the first three stages.
    """
    if depth not in BLOCKS:
        raise ValueError(f"R(2+1)D has 18 or 34 layers, not {depth}.")
    x = keras.layers.Conv3D(
        45 * width // 64 or 1, (1, 7, 7), (1, 2, 2), "same", use_bias=False, name="stem_space"
    )(encoder.clip("rgb"))
    x = keras.layers.Conv3D(width, (3, 1, 1), padding="same", use_bias=False, name="stem_time")(_norm_relu(x))
    x, endpoints = _norm_relu(x), {}
    for number, (stage, count) in enumerate(zip(STAGES, BLOCKS[depth], strict=True)):
        for index in range(count):
            stride = 2 if number and not index else 1
            x = block(x, width * 2**number, stride, f"stage{number + 2}_block{index + 1}")
        x = endpoints[stage] = encoder.attention.refine(x, stage) if stage != "final" else x
    return encoder.output(endpoints, "logits")


def matched(inputs: int, filters: int, time: int = 3, space: int = 3) -> int:
    """Channels M between the halves, which then have at most the weights of one 3D kernel (section 3.5)."""
    return max(1, time * space**2 * inputs * filters // (space**2 * inputs + time * filters))


def factorised(x: Tensor, filters: int, stride: int, name: str) -> Tensor:
    """A 2D convolution in space, batch norm, ReLU, a 1D convolution in time."""
    between = matched(x.shape[-1], filters)
    space = keras.layers.Conv3D(
        between, (1, 3, 3), (1, stride, stride), "same", use_bias=False, name=f"{name}_space"
    )
    time = keras.layers.Conv3D(
        filters, (3, 1, 1), (stride, 1, 1), "same", use_bias=False, name=f"{name}_time"
    )
    return time(_norm_relu(space(x)))


def block(x: Tensor, filters: int, stride: int, name: str) -> Tensor:
    """Two factorised convolutions and a shortcut, projected where the shape changes."""
    y = _norm_relu(factorised(x, filters, stride, f"{name}_1"))
    y = keras.layers.BatchNormalization()(factorised(y, filters, 1, f"{name}_2"))
    if stride > 1 or x.shape[-1] != filters:
        shortcut = keras.layers.Conv3D(filters, 1, stride, "same", use_bias=False, name=f"{name}_shortcut")
        x = keras.layers.BatchNormalization()(shortcut(x))
    return keras.layers.ReLU()(keras.layers.Add()([x, y]))


def _norm_relu(x: Tensor) -> Tensor:
    """Batch norm, ReLU."""
    return keras.layers.ReLU()(keras.layers.BatchNormalization()(x))

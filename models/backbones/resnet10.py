"""A residual network of ten layers, the top among them, small enough to be trained from nothing on a CPU.

Basic blocks of He et al. (CVPR 2016), one a stage where their ResNet18 has two. Made for small pictures: the
stem halves once, where theirs divides by four.
"""

import keras

PREPROCESS = "tf"
SIZE = 32  # native input
ENDPOINTS = {"early": "stage1_out", "medium": "stage2_out", "late": "stage3_out", "final": "stage4_out"}
INLINE = {"early": "stage1_out", "medium": "stage2_out", "late": "stage3_out"}
STAGES = 4


def backbone(
    shape: tuple[int, int, int], *, width: int = 16, stem: int = 2, weights: str | None = None
) -> keras.Model:
    """Stem and four stages of a block; all stages but the first halve the map and double the channels.

    Args:
        shape: Input (H, W, C). At 32x32 the stages give 16x16, 8x8, 4x4 and 2x2.
        width: Channels of the stem and of the first stage.
        stem: Stride of the stem's 3x3 convolution; 4 gives pictures of 96x96 maps from 24x24 down to 3x3.
        weights: None (random) or a weights file.
    """
    if weights == "imagenet":
        raise ValueError("The backbone 'resnet10' has no ImageNet weights; use weights: null.")
    image = keras.Input(shape)
    x = keras.layers.ReLU(name="stem_relu")(_convolution(image, width, 3, stem, "stem"))
    for stage in range(1, STAGES + 1):
        x = _block(x, width * 2 ** (stage - 1), 1 if stage == 1 else 2, f"stage{stage}")
    return keras.Model(image, x, name="resnet10")


def _block(x: keras.KerasTensor, channels: int, stride: int, name: str) -> keras.KerasTensor:
    """Two 3x3 convolutions; beside them the input, or a 1x1 convolution where the shape changes."""
    inner = keras.layers.ReLU(name=f"{name}_relu")(_convolution(x, channels, 3, stride, f"{name}_conv1"))
    inner = _convolution(inner, channels, 3, 1, f"{name}_conv2")
    same = stride == 1 and x.shape[-1] == channels
    beside = x if same else _convolution(x, channels, 1, stride, f"{name}_shortcut")
    return keras.layers.ReLU(name=f"{name}_out")(keras.layers.Add(name=f"{name}_add")([beside, inner]))


def _convolution(
    x: keras.KerasTensor, channels: int, kernel: int, stride: int, name: str
) -> keras.KerasTensor:
    """Convolution without bias, and batch norm."""
    x = keras.layers.Conv2D(
        channels, kernel, stride, "same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)
    return keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)

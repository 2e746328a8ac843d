"""ResNet50 (He et al., CVPR 2016) of keras.applications."""

import keras

PREPROCESS = "caffe"
SIZE = 224  # native input
ENDPOINTS = {
    "early": "conv3_block4_out",
    "medium": "conv4_block6_out",
    "late": "conv5_block2_out",
    "final": "conv5_block3_out",
}
INLINE = {"early": "conv2_block3_out", "medium": "conv3_block4_out", "late": "conv4_block6_out"}


def backbone(shape: tuple[int, int, int], *, weights: str | None = None) -> keras.Model:
    """The network without its top.

    Args:
        shape: Input (H, W, C), from 32x32 upwards.
        weights: None (random), "imagenet", or a file (see `weights.stock`).
    """
    return keras.applications.ResNet50(include_top=False, weights=weights, input_shape=shape, name="resnet50")

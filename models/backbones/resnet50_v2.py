"""ResNet50V2 (He et al., ECCV 2016) of keras.applications."""

import keras

PREPROCESS = "tf"
SIZE = 224  # native input
ENDPOINTS = {
    "early": "conv2_block3_out",
    "medium": "conv3_block4_out",
    "late": "conv4_block6_out",
    "final": "post_relu",
}
INLINE = {"early": "conv2_block2_out", "medium": "conv3_block3_out", "late": "conv4_block5_out"}
# The thesis labels its rows c_int 32, hidden 1024; only these give the counts it prints.
ATTENTION = {"gated": {"c_int": 64, "hidden": 2048}, "gated_grid": {"c_int": 64, "hidden": 2048}}


def backbone(shape: tuple[int, int, int], *, weights: str | None = None) -> keras.Model:
    """The network without its top.

    Args:
        shape: Input (H, W, C), from 32x32 upwards.
        weights: None (random), "imagenet", or a file (see `weights.stock`).
    """
    return keras.applications.ResNet50V2(
        include_top=False, weights=weights, input_shape=shape, name="resnet50_v2"
    )

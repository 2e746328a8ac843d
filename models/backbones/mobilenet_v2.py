"""MobileNetV2 (Sandler et al., CVPR 2018) of keras.applications, any width."""

import keras

PREPROCESS = "tf"
SIZE = 224  # native input
ENDPOINTS = {"early": "block_5_add", "medium": "block_12_add", "late": "block_15_add", "final": "out_relu"}
INLINE = {"early": "block_2_add", "medium": "block_5_add", "late": "block_12_add"}
PARALLEL = {
    "early": ("block_1_project_BN", "block_2_add"),
    "medium": ("block_4_add", "block_5_add"),
    "late": ("block_8_add", "block_9_add"),
}
# The thesis: the mask branch runs beside an existing block, which takes the place of the one trunk unit.
ATTENTION = {"residual": {"unit": "inverted", "t": 1, "parallel": True}}


def backbone(shape: tuple[int, int, int], *, alpha: float = 1.0, weights: str | None = None) -> keras.Model:
    """The network without its top, for input (H, W, C) in [-1, 1].

    Args:
        shape: Input (H, W, C), from 32x32 upwards.
        alpha: Width multiplier.
        weights: None (random), "imagenet", or a file (see `weights.stock`).
    """
    return keras.applications.MobileNetV2(
        input_shape=shape, alpha=alpha, include_top=False, weights=weights, name="mobilenet_v2"
    )

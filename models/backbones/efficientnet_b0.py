"""EfficientNetB0 (Tan and Le, ICML 2019) of keras.applications; a swish costs two products an element."""

import keras

PREPROCESS = "raw"
SIZE = 224  # native input
ENDPOINTS = {
    "early": "block3b_add",
    "medium": "block5c_add",
    "late": "block6d_add",
    "final": "top_activation",
}
INLINE = {"early": "block2b_add", "medium": "block3b_add", "late": "block5c_add"}
# With "imagenet" Keras adds a layer that scales RGB by 1 / sqrt(std), and with no other weights: those
# of a file, or for other channels, would be read into a network without it.
ADAPTS = False
# The unit of its own kind, after the tap.
ATTENTION = {"residual": {"unit": "inverted", "t": 1}}


def backbone(shape: tuple[int, int, int], *, weights: str | None = None) -> keras.Model:
    """The network without its top.

    Args:
        shape: Input (H, W, C), from 32x32 upwards.
        weights: None (random) or "imagenet" (RGB only); `weights.stock` refuses others.
    """
    return keras.applications.EfficientNetB0(
        include_top=False, weights=weights, input_shape=shape, name="efficientnet_b0"
    )

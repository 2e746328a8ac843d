"""InceptionResNetV2 (Szegedy et al., AAAI 2017) of keras.applications."""

import keras

PREPROCESS = "tf"
SIZE = 299  # native input
LEAST = 75  # smaller inputs leave no map
ENDPOINTS = {
    "early": "block35_10_ac",
    "medium": "block17_20_ac",
    "late": "block8_9_ac",
    "final": "conv_7b_ac",
}
INLINE = {"early": "block35_10_ac", "medium": "block17_20_ac", "late": "block8_9_ac"}


def backbone(shape: tuple[int, int, int], *, weights: str | None = None) -> keras.Model:
    """The network without its top.

    Args:
        shape: Input (H, W, C), from 75x75 upwards.
        weights: None (random), "imagenet", or a file (see `weights.stock`).
    """
    return keras.applications.InceptionResNetV2(
        include_top=False, weights=weights, input_shape=shape, name="inception_resnet_v2"
    )

"""InceptionV3 (Szegedy et al., CVPR 2016) of keras.applications."""

import keras

PREPROCESS = "tf"
SIZE = 299  # native input
LEAST = 75  # smaller inputs leave no map
ENDPOINTS = {"early": "mixed2", "medium": "mixed7", "late": "mixed9", "final": "mixed10"}
INLINE = {"early": "mixed2", "medium": "mixed7", "late": "mixed9"}


def backbone(shape: tuple[int, int, int], *, weights: str | None = None) -> keras.Model:
    """The network without its top.

    Args:
        shape: Input (H, W, C), from 75x75 upwards.
        weights: None (random), "imagenet", or a file (see `weights.stock`).
    """
    return keras.applications.InceptionV3(
        include_top=False, weights=weights, input_shape=shape, name="inception_v3"
    )

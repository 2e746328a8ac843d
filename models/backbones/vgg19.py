"""VGG19 (Simonyan and Zisserman, ICLR 2015) of keras.applications."""

import keras

PREPROCESS = "caffe"
SIZE = 224  # native input
ENDPOINTS = {
    "early": "block3_conv4",
    "medium": "block4_conv4",
    "late": "block5_conv4",
    "final": "block5_pool",
}
INLINE = {"early": "block3_conv4", "medium": "block4_conv4", "late": "block5_conv4"}
# The stock top, used where no attention reads out.


def top(x: keras.KerasTensor) -> keras.KerasTensor:
    """The two dense layers of the original: the last map (B, H, W, C) to (B, 4096)."""
    x = keras.layers.Flatten(name="flatten")(x)
    for name in ("fc1", "fc2"):
        x = keras.layers.Dense(4096, activation="relu", name=name)(x)
    return x


def backbone(shape: tuple[int, int, int], *, weights: str | None = None) -> keras.Model:
    """The network without its top.

    Args:
        shape: Input (H, W, C), from 32x32 upwards.
        weights: None (random), "imagenet", or a file (see `weights.stock`).
    """
    return keras.applications.VGG19(include_top=False, weights=weights, input_shape=shape, name="vgg19")

"""A small network for the embedded data set: five convolutions, about 51 thousand weights, final stride 8."""

import keras

PREPROCESS = "tf"
ENDPOINTS = {"early": "conv2_relu", "medium": "conv3_relu", "late": "conv4_relu", "final": "conv5_relu"}
INLINE = {"early": "conv2_relu", "medium": "conv3_relu", "late": "conv4_relu"}


def backbone(shape: tuple[int, int, int], *, width: int = 16, weights: str | None = None) -> keras.Model:
    """Convolution, batch norm, ReLU, five times.

    Args:
        shape: Input (H, W, C). At 64x64 the stages give 16x16, 8x8, 8x8 and 8x8.
        width: Channels of the first stage; the others have 2, 3, 4 and 4 times as many.
        weights: None (random) or a weights file.
    """
    if weights == "imagenet":
        raise ValueError("The backbone 'tiny' has no ImageNet weights; use weights: null.")
    image = x = keras.Input(shape)
    for stage, (factor, kernel, stride) in enumerate(
        [(1, 3, 2), (2, 3, 2), (3, 3, 2), (4, 3, 1), (4, 1, 1)], 1
    ):
        name = f"conv{stage}"
        x = keras.layers.Conv2D(factor * width, kernel, stride, "same", use_bias=False, name=name)(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
        x = keras.layers.ReLU(name=f"{name}_relu")(x)
    return keras.Model(image, x, name="tiny")

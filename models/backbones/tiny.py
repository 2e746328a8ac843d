"""A small network for the embedded data set: five convolutions, about 15 thousand weights.

A position of the last map before pooling sees 13x13 pixels and no more: what an object is can be seen there,
what lies around it can't, so that spatial attention has something to add.
"""

import keras

PREPROCESS = "tf"
SIZE = 64  # native input
ENDPOINTS = {"early": "conv2_relu", "medium": "conv3_relu", "late": "conv4_relu", "final": "conv5_relu"}
INLINE = {"early": "conv2_relu", "medium": "conv3_relu", "late": "conv4_relu"}
STAGES = ((1, 5, 4), (2, 3, 2), (3, 1, 1), (4, 1, 1), (4, 1, 1))  # width factor, kernel, stride
POOL = 4  # the greatest of 4x4 positions before the last stage: small objects outlast the mean that follows


def backbone(shape: tuple[int, int, int], *, width: int = 16, weights: str | None = None) -> keras.Model:
    """Convolution, batch norm, ReLU, five times; maximum pooling before the last.

    Args:
        shape: Input (H, W, C). At 64x64 the stages give 16x16, 8x8, 8x8, 8x8 and 2x2.
        width: Channels of the first stage; the others have 2, 3, 4 and 4 times as many.
        weights: None (random) or a weights file.
    """
    if weights == "imagenet":
        raise ValueError("The backbone 'tiny' has no ImageNet weights; use weights: null.")
    image = x = keras.Input(shape)
    for stage, (factor, kernel, stride) in enumerate(STAGES, 1):
        name = f"conv{stage}"
        if stage == len(STAGES):
            x = keras.layers.MaxPooling2D(POOL, padding="same", name="pool")(x)
        x = keras.layers.Conv2D(
            factor * width, kernel, stride, "same", use_bias=False, kernel_initializer="he_normal", name=name
        )(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
        x = keras.layers.ReLU(name=f"{name}_relu")(x)
    return keras.Model(image, x, name="tiny")

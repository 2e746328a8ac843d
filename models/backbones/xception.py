"""Xception (Chollet, CVPR 2017) of keras.applications."""

import keras

PREPROCESS = "tf"
SIZE = 299  # native input
LEAST = 71  # smaller inputs leave no map
ENDPOINTS = {"early": "Add[1]", "medium": "Add[10]", "late": "Add[11]", "final": "block14_sepconv2_act"}
INLINE = {"early": "Add[0]", "medium": "Add[1]", "late": "Add[10]"}


def backbone(shape: tuple[int, int, int], *, weights: str | None = None) -> keras.Model:
    """The network without its top.

    Args:
        shape: Input (H, W, C), from 71x71 upwards.
        weights: None (random), "imagenet", or a file (see `weights.stock`).
    """
    return keras.applications.Xception(include_top=False, weights=weights, input_shape=shape, name="xception")

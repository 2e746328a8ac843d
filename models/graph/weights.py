"""Weights of a backbone: random, ImageNet, or a file; the first kernel fitted to the number of channels."""

import warnings
from types import ModuleType

import keras
import numpy as np

from vidattn.models.graph import calibration, surgery, weight_files
from vidattn.models.parts import blocks

FREEZE = ("none", "norms", "trunk")


def stock(
    module: ModuleType,
    shape: tuple[int, int, int],
    weights: str | None,
    *,
    freeze: str = "none",
    pictures: np.ndarray | None = None,
    **options,
) -> keras.Model:
    """The unchanged backbone of a plug-in file.

    Args:
        module: A file of `models/backbones`.
        shape: Input (H, W, C); with weights and C other than 3 the first convolution is averaged over RGB.
        weights: None, "imagenet", or a path: `.npz` (see `weight_files`) or `.weights.h5`.
        freeze: "none", "norms" (batch norms keep scale, shift and statistics: Keras' inference mode), or
            "trunk" (nothing in the backbone is trained).
        pictures: What the backbone will be trained on, (N, H, W, C) as it takes them. Folded weights get
            batch-norm statistics from them; without, they are right at inference only.
        **options: Keyword arguments of `backbone`.

    Raises:
        ValueError: No such file, a file that does not fit, or weights that the backbone cannot take.
    """
    blocks.one_of("freeze", freeze, FREEZE)
    if freeze != "none" and weights is None:
        raise ValueError(
            f"freeze: {freeze} would keep random weights. Give the backbone weights (imagenet or a file), or "
            "use freeze: none."
        )
    _accepted(module, shape[2], weights)
    model = _with_weights(module, shape, weights, options)
    if pictures is not None and freeze == "none" and weight_files.folded(weights):
        calibration.calibrate(model, pictures)
    for layer in model.layers:
        if freeze == "trunk" or freeze == "norms" and isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    return model


def _with_weights(module: ModuleType, shape: tuple, weights: str | None, options: dict) -> keras.Model:
    """The backbone for this input, filled."""
    named = weights if weights == "imagenet" else None
    if weights is None and shape[2] != 3:
        return _quiet(module, shape, **options)
    source = module.backbone((*shape[:2], 3), weights=named, **options)
    if weights != named:
        weight_files.load(source, weights)
    if shape[2] == 3:
        return source
    target = _quiet(module, shape, **options)
    surgery.copy_weights(source, target)
    return target


def _accepted(module: ModuleType, channels: int, weights: str | None) -> None:
    """Refuses weights that would meet another network than the one they were trained in."""
    adapts = getattr(module, "ADAPTS", True)
    if not adapts and weights is not None and (weights != "imagenet" or channels != 3):
        raise ValueError(
            f"{module.__name__.rsplit('.', 1)[-1]} takes only the weights that Keras builds it for: imagenet "
            f"for RGB input, or null (random). Expected one of these, got {channels} channels and {weights}."
        )


def _quiet(module: ModuleType, shape: tuple[int, int, int], **options) -> keras.Model:
    """A random backbone, without Keras's remark that flow has not 1 or 3 channels."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This model usually expects 1 or 3 input channels")
        return module.backbone(shape, weights=None, **options)

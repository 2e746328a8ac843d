"""Weights of a backbone: random, ImageNet, or a file; the first kernel fitted to the number of channels."""

import warnings
from pathlib import Path
from types import ModuleType

import keras
import numpy as np

from vidattn.models import surgery


def stock(module: ModuleType, shape: tuple[int, int, int], weights: str | None, **options) -> keras.Model:
    """The unchanged backbone of a plug-in file.

    Args:
        module: A file of `models/backbones`.
        shape: Input (H, W, C); with weights and C other than 3 the first convolution is averaged over RGB.
        weights: None, "imagenet", or a path: `.npz` of folded convolutions (see `load_folded`) or
            `.weights.h5`.
        **options: Keyword arguments of `backbone`.
    """
    named = weights if weights == "imagenet" else None
    if weights is None and shape[2] != 3:
        return _quiet(module, shape, **options)
    if weights is None or shape[2] == 3:
        model = module.backbone(shape, weights=named, **options)
        return _load(model, weights) if weights != named else model
    source = module.backbone((*shape[:2], 3), weights=named, **options)
    source = _load(source, weights) if weights != named else source
    target = _quiet(module, shape, **options)
    surgery.copy_weights(source, target)
    return target


def _quiet(module: ModuleType, shape: tuple[int, int, int], **options) -> keras.Model:
    """A random backbone, without Keras's remark that flow has not 1 or 3 channels."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This model usually expects 1 or 3 input channels")
        return module.backbone(shape, weights=None, **options)


def _load(model: keras.Model, path: str | None) -> keras.Model:
    """Reads a weights file into the model."""
    if path is None or not Path(path).is_file():
        raise ValueError(
            f"No weights file at '{path}'. Expected null, imagenet, or a path to .npz or .weights.h5."
        )
    if str(path).endswith(".npz"):
        load_folded(model, Path(path))
    else:
        model.load_weights(path)
    return model


def load_folded(model: keras.Model, path: Path) -> None:
    """Reads convolutions with folded batch norm, arrays `<layer>/kernel` and `<layer>/bias`.

    The batch norm that follows gets gamma = sqrt(1 + epsilon), beta = bias, mean 0, variance 1, so the
    network computes the same and training goes on from these values.
    """
    with np.load(path, allow_pickle=False) as arrays:
        for name in sorted({key.rsplit("/", 1)[0] for key in arrays.files}):
            layer = model.get_layer(name)
            kernel = arrays[f"{name}/kernel"]
            layer.set_weights([kernel.reshape(layer.weights[0].shape)])
            _set_norm(_norm_after(model, name), arrays[f"{name}/bias"])


def _norm_after(model: keras.Model, name: str) -> keras.layers.BatchNormalization:
    """The batch norm that belongs to a convolution, by the names of Keras's MobileNetV2."""
    names = {"Conv1": "bn_Conv1", "Conv_1": "Conv_1_bn"}
    return model.get_layer(names.get(name, f"{name}_BN"))


def _set_norm(norm: keras.layers.BatchNormalization, bias: np.ndarray) -> None:
    """Makes a batch norm add `bias` and nothing else."""
    one = np.ones_like(bias)
    norm.set_weights([np.sqrt(1 + norm.epsilon) * one, bias, 0 * one, one])

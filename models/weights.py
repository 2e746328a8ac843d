"""Weights of a backbone: random, ImageNet, or a file; the first kernel fitted to the number of channels."""

import warnings
from pathlib import Path
from types import ModuleType

import keras
import numpy as np

from vidattn.models import surgery

FOLDED = ("mobilenet_v2",)  # backbones whose batch norms `_norm_after` finds
SHOWN = 5  # names in an error


def stock(module: ModuleType, shape: tuple[int, int, int], weights: str | None, **options) -> keras.Model:
    """The unchanged backbone of a plug-in file.

    Args:
        module: A file of `models/backbones`.
        shape: Input (H, W, C); with weights and C other than 3 the first convolution is averaged over RGB.
        weights: None, "imagenet", or a path: `.npz` of folded convolutions (see `load_folded`) or
            `.weights.h5`.
        **options: Keyword arguments of `backbone`.

    Raises:
        ValueError: No such file, a file that does not fit, or weights that the backbone cannot take.
    """
    _accepted(module, shape[2], weights)
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

    Raises:
        ValueError: A backbone not in `FOLDED`, or a file with too few, other or misshapen arrays.
    """
    if model.name not in FOLDED:
        raise ValueError(
            f"{path}: folded weights are read only by: {', '.join(FOLDED)}. Give {model.name} "
            "a file that ends in .weights.h5, imagenet or null."
        )
    with np.load(path, allow_pickle=False) as arrays:
        convolutions = _convolutions(model)
        _complete(set(arrays.files), convolutions, path)
        for name, layer in convolutions.items():
            kernel, wanted = arrays[f"{name}/kernel"], tuple(layer.kernel.shape)
            if kernel.shape != wanted:
                raise ValueError(
                    f"{path}: {name}/kernel is {kernel.shape}, the model's is {wanted}. Is `alpha` another?"
                )
            layer.set_weights([kernel])
            _set_norm(_norm_after(model, name), arrays[f"{name}/bias"])


def _convolutions(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """The layers that a folded file must fill, by name."""
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    return {layer.name: layer for layer in model.layers if isinstance(layer, kinds)}


def _complete(given: set[str], convolutions: dict, path: Path) -> None:
    """Raises unless a file holds the arrays of every convolution and no others."""
    needed = {f"{name}/{part}" for name in convolutions for part in ("kernel", "bias")}
    if given != needed:
        raise ValueError(
            f"{path} does not hold the weights of {' or '.join(FOLDED)}: {_some(needed - given)} missing, "
            f"{_some(given - needed)} unknown."
        )


def _some(names: set[str]) -> str:
    """How many names, and the first of them."""
    shown = ", ".join(sorted(names)[:SHOWN])
    more = ", ..." if len(names) > SHOWN else ""
    return f"{len(names)} ({shown}{more})" if names else "0"


def _norm_after(model: keras.Model, name: str) -> keras.layers.BatchNormalization:
    """The batch norm that belongs to a convolution, by the names of Keras's MobileNetV2."""
    names = {"Conv1": "bn_Conv1", "Conv_1": "Conv_1_bn"}
    return model.get_layer(names.get(name, f"{name}_BN"))


def _set_norm(norm: keras.layers.BatchNormalization, bias: np.ndarray) -> None:
    """Makes a batch norm add `bias` and nothing else."""
    one = np.ones_like(bias)
    norm.set_weights([np.sqrt(1 + norm.epsilon) * one, bias, 0 * one, one])

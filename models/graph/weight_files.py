"""Files of weights: `.weights.h5` of Keras; `.npz` by variable path, or of convolutions with folded norms."""

import re
from pathlib import Path

import keras
import numpy as np

from vidattn.models.graph import calibration

SHOWN = 5  # names in an error
_NUMBERED = re.compile(r"(.+?)(?:_(\d+))?")  # `conv2d_3`: a kind, and Keras' number
_SNAKE = re.compile("(?<=[a-z])(?=[A-Z])")


def load(model: keras.Model, path: str | Path) -> None:
    """Fills a backbone from a file.

    Raises:
        ValueError: No such file, or one that does not fit.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            f"No weights file at '{path}'. Expected null, imagenet, or a path to .npz or .weights.h5."
        )
    if path.suffix != ".npz":
        model.load_weights(path)
    elif folded(path):
        load_folded(model, path)
    else:
        load_by_path(model, path)


def folded(path: str | Path | None) -> bool:
    """Whether weights are an `.npz` of convolutions into which batch norm was folded: it has no norms."""
    if path is None or not str(path).endswith(".npz"):
        return False
    with np.load(path, allow_pickle=False) as arrays:
        return all(name.rsplit("/", 1)[-1] in ("kernel", "bias") for name in arrays.files)


def load_folded(model: keras.Model, path: Path) -> None:
    """Reads convolutions with folded batch norm, arrays `<layer>/kernel` and `<layer>/bias`.

    The batch norm that reads a convolution gets gamma = sqrt(1 + epsilon), beta = bias, mean 0, variance 1:
    right at inference; before training see `calibration.calibrate`.

    Raises:
        ValueError: Too few, other or misshapen arrays.
    """
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    convolutions = {layer.name: layer for layer in model.layers if isinstance(layer, kinds)}
    after = calibration.norms(model)
    with np.load(path, allow_pickle=False) as arrays:
        _complete(
            model, path, {f"{n}/{part}" for n in convolutions for part in ("kernel", "bias")}, arrays.files
        )
        for name, layer in convolutions.items():
            kernel, bias = (arrays[f"{name}/{part}"].astype("float32") for part in ("kernel", "bias"))
            _fits(path, f"{name}/kernel", kernel, layer.kernel)
            if name not in after:
                layer.set_weights([kernel, bias])
                continue
            norm, one = after[name], np.ones_like(bias)
            layer.set_weights([kernel])
            norm.set_weights([np.sqrt(1 + norm.epsilon) * one, bias, 0 * one, one])


def load_by_path(model: keras.Model, path: Path) -> None:
    """Reads arrays named by Keras variable path, `block1_conv1/kernel`, of any float width.

    Names that Keras numbers itself (`conv2d_3`) differ from process to process: they are matched by their
    place among the names of their kind.

    Raises:
        ValueError: Too few, other or misshapen arrays.
    """
    kinds = {_SNAKE.sub("_", type(layer).__name__).lower() for layer in model.layers}
    variables = dict(zip(_canonical([w.path for w in model.weights], kinds), model.weights, strict=True))
    with np.load(path, allow_pickle=False) as arrays:
        names = dict(zip(_canonical(arrays.files, kinds), arrays.files, strict=True))
        _complete(model, path, set(variables), names)
        for name, variable in variables.items():
            _fits(path, names[name], arrays[names[name]], variable)
            variable.assign(arrays[names[name]].astype("float32"))


def _canonical(paths: list[str], kinds: set[str]) -> list[str]:
    """Variable paths with Keras' own numbers replaced by ranks: `conv2d_7/kernel` to `conv2d[1]/kernel`."""
    layers = {path: _NUMBERED.fullmatch(path.split("/")[0]).groups("0") for path in paths}
    ranks = {base: sorted({int(n) for b, n in layers.values() if b == base}) for base in kinds}
    return [
        f"{base}[{ranks[base].index(int(number))}]/{path.partition('/')[2]}" if base in kinds else path
        for path, (base, number) in layers.items()
    ]


def _complete(model: keras.Model, path: Path, needed: set[str], given) -> None:
    """Raises unless a file holds the arrays that the model needs and no others."""
    missing, unknown = needed - set(given), set(given) - needed
    if missing or unknown:
        raise ValueError(
            f"{path} does not hold the weights of {model.name}: {_some(missing)} missing, {_some(unknown)} "
            "unknown. Expected the backbone without top, by Keras variable path, or its folded convolutions."
        )


def _some(names: set[str]) -> str:
    """How many names, and the first of them."""
    shown = ", ".join(sorted(names)[:SHOWN])
    more = ", ..." if len(names) > SHOWN else ""
    return f"{len(names)} ({shown}{more})" if names else "0"


def _fits(path: Path, name: str, array: np.ndarray, variable) -> None:
    """Raises where shapes differ."""
    if array.shape != tuple(variable.shape):
        raise ValueError(
            f"{path}: {name} is {array.shape}, the model's is {tuple(variable.shape)}. Is `alpha` another?"
        )

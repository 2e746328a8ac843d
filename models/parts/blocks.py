"""Pieces of graphs that several models share. Maps have any rank: (B, H, W, C) or (B, T, H, W, C)."""

import difflib
from collections.abc import Sequence

import keras

from vidattn.models.layers import core as layers
from vidattn.models.layers import reductions, resize

Tensor = keras.KerasTensor


def one_of(kind: str, value: str, valid: Sequence[str]) -> None:
    """Raises ValueError unless `value` is valid, with the nearest valid name."""
    if value in valid:
        return
    near = difflib.get_close_matches(str(value), list(valid), 1, 0.4)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise ValueError(f"Unknown {kind} '{value}'. Expected one of: {', '.join(sorted(valid))}.{hint}")


def conv(x: Tensor, filters: int, kernel: int, **options) -> keras.layers.Layer:
    """A convolution of the rank of `x`, padded to the same size."""
    kind = {4: keras.layers.Conv2D, 5: keras.layers.Conv3D}[len(x.shape)]
    return kind(filters, kernel, padding="same", **options)


def depthwise(x: Tensor, kernel: int, name: str) -> Tensor:
    """A depthwise convolution of the rank of `x`, without bias."""
    if len(x.shape) == 4:
        return keras.layers.DepthwiseConv2D(kernel, padding="same", use_bias=False, name=name)(x)
    width = x.shape[-1]
    return keras.layers.Conv3D(width, kernel, padding="same", groups=width, use_bias=False, name=name)(x)


def mean_pool(x: Tensor) -> keras.layers.Layer:
    """Global average pooling of the rank of `x`."""
    return {4: keras.layers.GlobalAveragePooling2D, 5: keras.layers.GlobalAveragePooling3D}[len(x.shape)]()


def max_pool(x: Tensor) -> keras.layers.Layer:
    """Global max pooling of the rank of `x`."""
    return {4: keras.layers.GlobalMaxPooling2D, 5: keras.layers.GlobalMaxPooling3D}[len(x.shape)]()


def max_pool_half(x: Tensor) -> Tensor:
    """Max pooling 2 with stride 2 on every axis but those of size 1, padded where a size is odd."""
    window = tuple(min(2, s) for s in x.shape[1:-1])
    kind = {4: keras.layers.MaxPooling2D, 5: keras.layers.MaxPooling3D}[len(x.shape)]
    return kind(window, padding="same")(x)


def spread(vector: Tensor, x: Tensor) -> Tensor:
    """A vector (B, C) with axes of size one, so that it meets every position of `x`."""
    return keras.layers.Reshape((1,) * (len(x.shape) - 2) + (vector.shape[-1],))(vector)


def upsample(x: Tensor, size: Sequence[int], interpolation: str = "nearest") -> Tensor:
    """`x` enlarged to `size`: by whole factors where they fit, else resampled to the exact size."""
    now = x.shape[1:-1]
    factors = tuple(a // b for a, b in zip(size, now, strict=True))
    whole = all(a == b * f for a, b, f in zip(size, now, factors, strict=True))
    if whole and len(size) == 2:
        return keras.layers.UpSampling2D(factors, interpolation=interpolation)(x)
    if whole and interpolation == "nearest":
        return keras.layers.UpSampling3D(factors)(x)
    return resize.Resize(size, interpolation)(x)


def weighted_sum(x: Tensor, weights: Tensor) -> Tensor:
    """The sum of `x` (B, H, W, C) over positions under weights (B, H, W) or (B, H, W, 1): (B, C)."""
    weights = keras.layers.Reshape((*x.shape[1:-1], 1))(weights)
    return reductions.Sum(axis=tuple(range(1, len(x.shape) - 1)))(keras.layers.Multiply()([x, weights]))


def mean_of_heads(vectors: dict[str, Tensor], classes: int) -> Tensor:
    """Logits (B, K) of classifiers of their own, one a vector (B, D): the log of their mean probability."""
    scores = [logits(x, classes, f"{name}_logits") for name, x in vectors.items()]
    scores = [keras.layers.Softmax(dtype="float32")(s) for s in scores]
    return layers.Log(name="log")(keras.layers.Average(dtype="float32")(scores))


def begin(x: Tensor, y: Tensor, start: str, name: str) -> Tensor:
    """What a refinement made of `x`: `y` itself (start "random"), or moving away from `x` ("identity")."""
    one_of("start", start, ("random", "identity"))
    return layers.Blend(name=f"{name}_blend")([x, y]) if start == "identity" else y


def logits(x: Tensor, classes: int, name: str | None = None) -> Tensor:
    """The last dense layer, in float32 under any precision policy."""
    return keras.layers.Dense(classes, dtype="float32", name=name)(x)

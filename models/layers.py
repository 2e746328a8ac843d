"""Parts that several models share. Maps have any rank: (B, H, W, C) of frames, (B, T, H, W, C) of clips."""

import difflib
from collections.abc import Sequence

import keras
from keras import ops

Tensor = keras.KerasTensor
serializable = keras.saving.register_keras_serializable(package="vidattn")


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


def mean_pool(x: Tensor) -> keras.layers.Layer:
    """Global average pooling of the rank of `x`."""
    return {4: keras.layers.GlobalAveragePooling2D, 5: keras.layers.GlobalAveragePooling3D}[len(x.shape)]()


def max_pool(x: Tensor) -> keras.layers.Layer:
    """Global max pooling of the rank of `x`."""
    return {4: keras.layers.GlobalMaxPooling2D, 5: keras.layers.GlobalMaxPooling3D}[len(x.shape)]()


def spread(vector: Tensor, x: Tensor) -> Tensor:
    """A vector (B, C) with axes of size one, so that it meets every position of `x`."""
    return keras.layers.Reshape((1,) * (len(x.shape) - 2) + (vector.shape[-1],))(vector)


def weighted_sum(x: Tensor, weights: Tensor) -> Tensor:
    """The sum of `x` (B, H, W, C) over positions under weights (B, H, W) or (B, H, W, 1): (B, C)."""
    weights = keras.layers.Reshape((*x.shape[1:-1], 1))(weights)
    return Sum(axis=tuple(range(1, len(x.shape) - 1)))(keras.layers.Multiply()([x, weights]))


def logits(x: Tensor, classes: int, name: str | None = None) -> Tensor:
    """The last dense layer, in float32 under any precision policy."""
    return keras.layers.Dense(classes, dtype="float32", name=name)(x)


def dense_head(x: Tensor, classes: int, dense: int = 512, dropout: float = 0.5) -> Tensor:
    """Dense, ReLU, dropout, logits: the common tail of the recurrent heads."""
    x = keras.layers.Dense(dense, activation="relu", name="dense")(x)
    return logits(keras.layers.Dropout(dropout)(x), classes, name="logits")


@serializable
def legacy_sigmoid(x):
    """The hard sigmoid of Keras 2: `0.2 x + 0.5` clipped to [0, 1]. That of Keras 3 is `x / 6 + 0.5`."""
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def lstm(units: int, sequences: bool, gates: str = "legacy", **options) -> keras.layers.Layer:
    """An LSTM with the gates of Keras 2 ("legacy", hard sigmoid) or the usual ones ("modern", logistic)."""
    one_of("gates", gates, ("legacy", "modern"))
    gate = legacy_sigmoid if gates == "legacy" else "sigmoid"
    return keras.layers.LSTM(units, recurrent_activation=gate, return_sequences=sequences, **options)


def bilstm(x: Tensor, units: int, sequences: bool, gates: str = "legacy") -> Tensor:
    """A two-way LSTM, outputs joined: (B, T, 2 units), or (B, 2 units) of the last step each way."""
    return keras.layers.Bidirectional(lstm(units, sequences, gates), name="bilstm")(x)


def time_attention(x: Tensor, name: str = "time") -> Tensor:
    """The block of You and Korhonen (ICIP 2020): `x` (B, T, D) times a softmax over T for each feature.

    One dense layer T -> T, the same for every feature row; T * T + T parameters. No sum over time, no
    scale-up.
    """
    rows = keras.layers.Permute((2, 1))(x)  # (B, D, T)
    rows = keras.layers.Dense(x.shape[1], activation="softmax", name=f"{name}_attention")(rows)
    weights = keras.layers.Permute((2, 1))(rows)  # (B, T, D)
    weights = Map(low=0.0, high=1.0, name=f"{name}_map")(weights)
    return keras.layers.Multiply()([x, weights])


def average_time(scores: Tensor, average: str) -> Tensor:
    """Clip logits (B, K) from frame logits (B, T, K): the log of the mean of "probabilities", or mean "logits"."""
    one_of("average", average, ("probabilities", "logits"))
    if average == "logits":
        return keras.layers.GlobalAveragePooling1D(dtype="float32")(scores)
    scores = keras.layers.Softmax(dtype="float32")(scores)
    return Log(name="log")(keras.layers.GlobalAveragePooling1D(dtype="float32")(scores))


def readout(x: Tensor, how: str) -> Tensor:
    """A sequence of a two-way LSTM (B, T, D) as one vector: "flatten", "last" step each way, or "mean"."""
    one_of("readout", how, ("last", "flatten", "mean"))
    if how == "flatten":
        return keras.layers.Flatten()(x)
    return LastStep()(x) if how == "last" else keras.layers.GlobalAveragePooling1D()(x)


@serializable
class Map(keras.layers.Layer):
    """The identity; marks an attention map, so that it can be found in any model, also in a reloaded one.

    Args:
        low: Least possible value; None where unbounded.
        high: Greatest possible value; None where unbounded.
        total: Sum over positions that each map is normalised to; None where it is not.
    """

    def __init__(
        self, low: float | None = None, high: float | None = None, total: float | None = None, **options
    ):
        super().__init__(**options)
        self.low, self.high, self.total = low, high, total

    def call(self, x):
        return x

    def get_config(self) -> dict:
        return {**super().get_config(), "low": self.low, "high": self.high, "total": self.total}


@serializable
class Fold(keras.layers.Layer):
    """Frames into the batch: (B, T, H, W, C) to (B T, H, W, C)."""

    def call(self, x):
        return ops.reshape(x, (-1, *x.shape[2:]))

    def compute_output_shape(self, shape):
        return (None, *shape[2:])


@serializable
class Unfold(keras.layers.Layer):
    """Frames out of the batch: (B T, ...) to (B, T, ...)."""

    def __init__(self, frames: int, **options):
        super().__init__(**options)
        self.frames = frames

    def call(self, x):
        return ops.reshape(x, (-1, self.frames, *x.shape[1:]))

    def compute_output_shape(self, shape):
        return (None, self.frames, *shape[1:])

    def get_config(self) -> dict:
        return {**super().get_config(), "frames": self.frames}


@serializable
class ChannelStatistics(keras.layers.Layer):
    """Mean and maximum over channels, side by side: (B, ..., C) to (B, ..., 2)."""

    def call(self, x):
        return ops.concatenate([ops.mean(x, -1, keepdims=True), ops.max(x, -1, keepdims=True)], -1)

    def compute_output_shape(self, shape):
        return (*shape[:-1], 2)


@serializable
class Sum(keras.layers.Layer):
    """The sum over `axis`."""

    def __init__(self, axis: int | Sequence[int], **options):
        super().__init__(**options)
        self.axis = axis if isinstance(axis, int) else tuple(axis)

    def call(self, x):
        return ops.sum(x, axis=self.axis)

    def get_config(self) -> dict:
        return {**super().get_config(), "axis": self.axis}


@serializable
class LastStep(keras.layers.Layer):
    """The last output of a two-way LSTM: forward half at the last step, backward half at the first."""

    def call(self, x):
        half = x.shape[-1] // 2
        return ops.concatenate([x[:, -1, :half], x[:, 0, half:]], -1)

    def compute_output_shape(self, shape):
        return (shape[0], shape[-1])


@serializable
class Log(keras.layers.Layer):
    """Probabilities to logits: their logarithm, kept finite. A softmax of the result gives them back."""

    def call(self, x):
        return ops.log(ops.maximum(x, 1e-30))


@serializable
class WeightedMean(keras.layers.Layer):
    """The mean of several tensors of one shape under fixed weights."""

    def __init__(self, weights: Sequence[float], **options):
        super().__init__(**options)
        self.shares = tuple(weights)

    def call(self, inputs):
        total = sum(self.shares)
        return sum(x * (w / total) for w, x in zip(self.shares, inputs, strict=True))

    def compute_output_shape(self, shapes):
        return shapes[0]

    def get_config(self) -> dict:
        return {**super().get_config(), "weights": self.shares}

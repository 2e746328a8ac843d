"""Pieces of graphs over time: recurrence, attention, readout, averages and the common tail."""

import keras

from vidattn.models.layers import core as layers
from vidattn.models.layers import masking, recurrence
from vidattn.models.parts import blocks

Tensor = keras.KerasTensor


def lstm(units: int, sequences: bool, gates: str = "legacy", **options) -> keras.layers.Layer:
    """An LSTM with the gates of Keras 2 ("legacy", hard sigmoid) or the usual ones ("modern", logistic)."""
    blocks.one_of("gates", gates, ("legacy", "modern"))
    gate = layers.legacy_sigmoid if gates == "legacy" else "sigmoid"
    return recurrence.lstm(units, gate, return_sequences=sequences, **options)


def bilstm(
    x: Tensor, units: int, sequences: bool, gates: str = "legacy", real: Tensor | None = None
) -> Tensor:
    """A two-way LSTM, outputs joined: (B, T, 2 units), or (B, 2 units) of the last step each way.

    Steps that are not `real` (B, T) don't run through it; in a sequence they are zero.
    """
    # Unrolled steps are faster, but Keras 3 then turns the mask of the backward half the wrong way round.
    steps = lstm(units, sequences, gates, unroll=real is None)
    layer = keras.layers.Bidirectional(steps, name="bilstm")
    return layer(x) if real is None else masking.DropMask()(layer(x, mask=real))


def time_attention(x: Tensor, name: str = "time", real: Tensor | None = None) -> Tensor:
    """The block of You and Korhonen (ICIP 2020): `x` (B, T, D) times a softmax over T for each feature.

    One dense layer T -> T, the same for every feature row; T * T + T parameters. No sum over time, no
    scale-up. The softmax is over steps that are `real` (B, T) only.
    """
    rows = keras.layers.Permute((2, 1))(x)  # (B, D, T)
    softmax = "softmax" if real is None else None
    rows = keras.layers.Dense(x.shape[1], activation=softmax, name=f"{name}_attention")(rows)
    if real is not None:
        rows = masking.SoftmaxOverReal()(rows, real)
    weights = keras.layers.Permute((2, 1))(rows)  # (B, T, D)
    weights = layers.Map(low=0.0, high=1.0, name=f"{name}_map")(weights)
    return keras.layers.Multiply()([x, weights])


def uniform(x: Tensor, real: Tensor | None = None) -> Tensor:
    """The control of `time_attention`: `x` (B, T, D) times 1 / T, where T counts (real) steps only."""
    if real is None:
        return keras.layers.Rescaling(1 / x.shape[1], name="uniform")(x)
    return masking.OverFrames(name="uniform")(x, real)


def window_pool(x: Tensor, window: int, stride: int) -> Tensor:
    """The maximum of (B, T, D) over windows of at most T steps: (B, N, D)."""
    return keras.layers.MaxPooling1D(min(window, x.shape[1]), stride, name="window_pool")(x)


def mean(x: Tensor, real: Tensor | None = None) -> Tensor:
    """The mean over (real) steps: (B, T, D) to (B, D)."""
    layer = keras.layers.GlobalAveragePooling1D()
    return layer(x) if real is None else layer(x, mask=real)


def readout(x: Tensor, how: str, real: Tensor | None = None) -> Tensor:
    """A sequence of a two-way LSTM (B, T, D) as one vector: "flatten", "last" step each way, or "mean".

    Of steps that are not `real` (B, T), zero here, only "flatten" keeps the place.
    """
    blocks.one_of("readout", how, ("last", "flatten", "mean"))
    if how == "flatten":
        return keras.layers.Flatten()(x)
    return mean(x, real) if how == "mean" else masking.LastStep()(x, real)


def average_time(scores: Tensor, average: str) -> Tensor:
    """Clip logits (B, K): the log of the mean of frame "probabilities", or the mean of frame "logits"."""
    blocks.one_of("average", average, ("probabilities", "logits"))
    if average == "logits":
        return keras.layers.GlobalAveragePooling1D(dtype="float32")(scores)
    scores = keras.layers.Softmax(dtype="float32")(scores)
    return layers.Log(name="log")(keras.layers.GlobalAveragePooling1D(dtype="float32")(scores))


def dense_head(x: Tensor, classes: int, dense: int = 512, dropout: float = 0.5) -> Tensor:
    """Dense, ReLU, dropout, logits: the common tail of the recurrent heads."""
    x = keras.layers.Dense(dense, activation="relu", name="dense")(x)
    return blocks.logits(keras.layers.Dropout(dropout)(x), classes, name="logits")

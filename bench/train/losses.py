"""The loss of a protocol: cross-entropy of logits, or of probabilities as Keras 2 clips them."""

from collections.abc import Callable

import keras
from keras import ops

EPSILON = 1e-7  # of Keras, then and now


def clipped(labels, logits):
    """Cross-entropy (B,) of labels (B,) and logits (B, K) as Keras 2.2.4 takes it after a softmax.

    Probabilities are clipped to [1e-7, 1 - 1e-7]: a clip that is known for certain has no gradient any more,
    where that of the logits shrinks for ever and RMSprop enlarges it to full steps. Keras 3 looks for the
    logits behind a softmax and clips nothing, so that asking it for probabilities would not do.
    """
    known = ops.clip(ops.softmax(logits), EPSILON, 1 - EPSILON)
    chosen = ops.take_along_axis(known, ops.expand_dims(ops.cast(labels, "int32"), 1), axis=1)
    return -ops.log(ops.squeeze(chosen, 1))


def make(name: str | None) -> Callable:
    """The loss by its name in params.yaml; None is cross-entropy of logits."""
    return clipped if name == "clipped" else keras.losses.SparseCategoricalCrossentropy(from_logits=True)

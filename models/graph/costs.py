"""What a model costs, from its graph alone: parameters, floating-point operations, activations."""

import keras

from vidattn.models.graph import flops
from vidattn.models.layers import core as layers


def measure(model: keras.Model) -> dict[str, int]:
    """`parameters` (all, moving statistics included), `trainable`; `flops`, `activations` of one sample."""
    counted = flops.cost(scores(model))
    return {
        "parameters": model.count_params(),
        "trainable": sum(int(keras.ops.size(w)) for w in model.trainable_weights),
        "flops": counted.total,
        "activations": counted.activations,
    }


def scores(model: keras.Model) -> keras.Model:
    """The model up to class probabilities: without a last logarithm, or with a softmax on it."""
    last = model.layers[-1]
    if isinstance(last, layers.Log):
        return keras.Model(model.input, last.input)
    return keras.Model(model.input, keras.layers.Softmax()(model.output))

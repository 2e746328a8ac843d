"""True batch norms in the place of folded ones: the same function at inference, and fit to be trained."""

import keras
import numpy as np

BATCH = 20  # pictures in a forward pass, which bounds the memory of all maps at once


def norms(model: keras.Model) -> dict[str, keras.layers.BatchNormalization]:
    """The batch norm that reads each convolution, by the convolution's name."""
    found = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    return {norm.input._keras_history.operation.name: norm for norm in found}


def calibrate(model: keras.Model, pictures: np.ndarray) -> None:
    """Gives every batch norm after a convolution the statistics of these pictures.

    With mean m and variance v of the convolution's output, gamma = sqrt(v + epsilon) s and beta = b + m s,
    where s and b are the scale and shift that the norm had: at inference it computes s z + b as before, in
    training mode nearly so, for the statistics of a batch are then near m and v.

    Args:
        model: A backbone.
        pictures: (N, H, W, C) as it takes them; about a hundred.
    """
    pairs = norms(model)
    probe = keras.Model(model.input, [norm.input for norm in pairs.values()])
    sums = [np.zeros((2, norm.input.shape[-1])) for norm in pairs.values()]
    places = np.zeros(len(sums))
    for start in range(0, len(pictures), BATCH):
        for number, z in enumerate(probe(pictures[start : start + BATCH], training=False)):
            z = np.asarray(z).reshape(-1, z.shape[-1])
            sums[number] += z.sum(0, dtype="float64"), np.einsum("nc,nc->c", z, z)
            places[number] += len(z)
    for norm, (total, squares), n in zip(pairs.values(), sums, places, strict=True):
        mean = total / n
        # As the norm will hold them: what is rounded here is made up for in its scale and shift.
        _set(norm, *(np.float32(x) for x in (mean, np.maximum(squares / n - mean**2, 0))))


def _set(norm: keras.layers.BatchNormalization, mean: np.ndarray, variance: np.ndarray) -> None:
    """Other statistics, the same function."""
    gamma, beta, old_mean, old_variance = (w.astype("float64") for w in norm.get_weights())
    scale = gamma / np.sqrt(old_variance + norm.epsilon)
    shift = beta - scale * old_mean
    norm.set_weights([scale * np.sqrt(variance + norm.epsilon), shift + scale * mean, mean, variance])

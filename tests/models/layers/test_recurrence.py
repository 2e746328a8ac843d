"""The LSTM with projected inputs is Keras' own: same numbers, gradients, weights, cost, config."""

from itertools import product

import keras
import numpy as np
import pytest

from vidattn.models.graph.flops import cost
from vidattn.models.layers import core as layers
from vidattn.models.layers import recurrence

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 5, 4)).astype("float32")
MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]], bool)
GATES = [layers.legacy_sigmoid, "sigmoid"]


def model(make, gate, two_way: bool, masked: bool = True, **options) -> keras.Model:
    x, real = keras.Input((5, 4)), keras.Input((5,), dtype="bool")
    layer = make(6, recurrent_activation=gate, **options)
    layer = keras.layers.Bidirectional(layer) if two_way else layer
    return keras.Model([x, real], keras.layers.Dense(2)(layer(x, mask=real if masked else None)))


def test_three_steps_with_the_gates_of_keras_2_by_hand():
    """One unit; the input gate of the second step is clipped to 0, its output gate to 1."""
    layer = recurrence.lstm(1, layers.legacy_sigmoid, return_sequences=True)
    layer.build((1, 3, 1))
    layer.set_weights([np.array([[2, 0, 1, -1]]), np.array([[0, 1, 0, 0]]), np.array([0, 1, 0, 1])])
    found = layer(np.array([1.0, -2.0, 0.5], "float32").reshape(1, 3, 1))
    c1 = 0.9 * np.tanh(1)  # i = 0.2 * 2 + 0.5, nothing to forget
    h1 = 0.5 * np.tanh(c1)  # o = 0.2 * (1 - 1) + 0.5
    c2 = (0.2 * (h1 + 1) + 0.5) * c1  # i = 0.2 * -4 + 0.5 < 0
    h2 = np.tanh(c2)  # o = 0.2 * (2 + 1) + 0.5 > 1
    c3 = (0.2 * (h2 + 1) + 0.5) * c2 + 0.7 * np.tanh(0.5)
    np.testing.assert_allclose(np.ravel(found), [h1, h2, 0.6 * np.tanh(c3)], rtol=1e-6)


def settings():
    """All sixteen; half of them, in which any three settings meet in every way, are not for the battery."""
    for chosen in product((0, 1), repeat=4):
        gate, sequences, two_way, masked = chosen
        marks = [] if sum(chosen) % 2 else [pytest.mark.battery]
        name = "-".join(map(str, chosen))
        mask = MASK if masked else np.ones_like(MASK)
        yield pytest.param(GATES[gate], bool(sequences), bool(two_way), mask, marks=marks, id=name)


@pytest.mark.parametrize(("gate", "sequences", "two_way", "mask"), settings())
def test_same_outputs_and_training_as_lstm_of_keras(gate, sequences, two_way, mask):
    ours = model(recurrence.lstm, gate, two_way, return_sequences=sequences)
    theirs = model(keras.layers.LSTM, gate, two_way, return_sequences=sequences)
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours([X, mask]), theirs([X, mask]), atol=1e-6)
    target = RNG.normal(size=theirs.compute_output_shape([(3, 5, 4), (3, 5)])).astype("float32")
    traced = sequences and two_way and mask is MASK  # as runs are; tracing takes seconds each time
    for one in (ours, theirs):
        one.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=False, run_eagerly=not traced)
        for _ in range(3):
            one.train_on_batch([X, mask], target)
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("sequences", [False, True])
def test_unrolled_as_in_a_loop(sequences):
    one, other = (
        model(recurrence.lstm, "sigmoid", True, masked=False, return_sequences=sequences, unroll=unroll)
        for unroll in (False, True)
    )
    other.set_weights(one.get_weights())
    np.testing.assert_allclose(one([X, MASK]), other([X, MASK]), atol=1e-6)


def test_starts_like_lstm_of_keras():
    """Forget gates are biased to one, kernels are scaled by the width of the features."""
    ours, theirs = recurrence.lstm(64, "sigmoid"), keras.layers.LSTM(64)
    for layer in (ours, theirs):
        layer.build((None, 5, 300))
    np.testing.assert_array_equal(ours.get_weights()[2], theirs.get_weights()[2])
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        assert a.std() == pytest.approx(b.std(), rel=0.05)


def test_costs_what_lstm_of_keras_costs():
    ours, theirs = model(recurrence.lstm, "sigmoid", True), model(keras.layers.LSTM, "sigmoid", True)
    assert cost(ours) == cost(theirs)
    assert ours.count_params() == theirs.count_params()


def test_reloads_from_its_config(tmp_path):
    ours = model(recurrence.lstm, layers.legacy_sigmoid, True)
    ours.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(ours([X, MASK]), again([X, MASK]))

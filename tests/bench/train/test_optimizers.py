"""Optimisers: RMSprop by hand and against Keras's own, settings of the protocol."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from vidattn.bench.config.load import load
from vidattn.bench.train import optimizers

tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="an operation of TensorFlow")


def protocol(**optimizer):
    return replace(load().protocols["icip_paper"], optimizer=optimizer)


def moved(optimizer, gradients, start=1.0):
    """Where a variable stands after each of these gradients."""
    variable, places = keras.Variable(np.full(3, start, "float32")), []
    optimizer.build([variable])
    for gradient in gradients:
        optimizer.apply([keras.ops.full((3,), gradient)], [variable])
        places.append(float(variable.value[0]))
    return places


def test_rmsprop_of_the_published_protocol_by_hand():
    """v: 0.4, 0.46, 0.414; the second is 0.9 x 0.4 + 0.1 x 1."""
    published = load().protocols["icip_paper"]
    first = 1 - 1e-3 * 2 / 0.4**0.5
    second = first + 1e-3 / 0.46**0.5
    found = moved(optimizers.make(published, published.rates[0]), [2.0, -1.0, 0.0])
    assert found == pytest.approx([first, second, second], abs=1e-7)


@pytest.mark.parametrize("gradient", [1.0, 1e-5, 1e-7])
def test_epsilon_of_keras_2_stands_beside_the_root(gradient):
    """At g = 1e-7 the root is 3.2e-8: epsilon under it (1e-14) would make 0.95e-3 of the step of 0.76e-3."""
    published = load().protocols["icip_paper"]
    expected = 1e-3 * gradient / (0.1**0.5 * gradient + 1e-7)
    assert 1 - moved(optimizers.make(published, 1e-3), [gradient])[0] == pytest.approx(expected, abs=2e-7)


@tensorflow
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("epsilon", [1e-7, 1e-14])
def test_the_fused_rmsprop_is_that_of_keras(momentum, epsilon):
    gradients = np.random.default_rng(0).normal(size=20) * np.logspace(-4, 2, 20)
    options = {"learning_rate": 0.01, "momentum": momentum, "epsilon": epsilon}
    fused = moved(optimizers.FusedRMSprop(**options), gradients)
    np.testing.assert_allclose(fused, moved(keras.optimizers.RMSprop(**options), gradients), rtol=1e-5)


@tensorflow
def test_clipping_and_decay_reach_the_fused_rmsprop():
    made = optimizers.make(protocol(name="rmsprop", learning_rate=0.1, inverse_time_decay=1.0, rho=0.0), 0.1)
    assert isinstance(made, optimizers.FusedRMSprop)
    # rho 0: every step is lr / (1 + k) in size
    assert moved(made, [3.0, 3.0]) == pytest.approx([0.9, 0.85], abs=1e-5)
    clipped = optimizers.make(protocol(name="sgd", learning_rate=1.0, clipvalue=0.5), 1.0)
    assert moved(clipped, [3.0]) == [0.5]


def test_other_backends_take_the_optimiser_of_keras(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert type(optimizers.make(protocol(name="rmsprop", learning_rate=0.1), 0.1)) is keras.optimizers.RMSprop

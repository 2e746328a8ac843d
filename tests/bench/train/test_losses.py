"""The loss of Keras 2 by hand: clipped probabilities, and no gradient where they are clipped."""

import keras
import numpy as np
import pytest

from vidattn.bench.train import losses


def test_clipped_cross_entropy_by_hand():
    """p = (0.8, 0.2): -log p; p of the right class below 1e-7 costs -log 1e-7 and no more."""
    logits = np.array([[np.log(4), 0.0], [0.0, np.log(4)], [0.0, 40.0], [40.0, 0.0]], "float32")
    found = losses.clipped(np.array([0, 0, 0, 0]), logits)
    np.testing.assert_allclose(found, [-np.log(0.8), -np.log(0.2), -np.log(1e-7), 2**-23], rtol=1e-3)


@pytest.mark.parametrize(("gap", "moves"), [(10.0, True), (20.0, False)])
def test_a_clip_that_is_known_for_certain_moves_nothing(gap, moves):
    """1 - p is 4.5e-5 for a gap of 10 and 2e-9 for one of 20; the loss of logits has a gradient still."""
    for name, expected in (("clipped", moves), (None, True)):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, use_bias=False)])
        model.set_weights([np.array([[gap, 0.0]], "float32")])
        optimizer = keras.optimizers.RMSprop(1e-3, epsilon=1e-14)
        model.compile(optimizer, losses.make(name), jit_compile=False)  # as runs are
        model.train_on_batch(np.ones((1, 1), "float32"), np.zeros(1, int))
        assert (model.get_weights()[0].tolist() != [[gap, 0.0]]) == expected

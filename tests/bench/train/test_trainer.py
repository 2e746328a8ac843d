"""One compiled step for every run of a shape: the numbers are those of a model of its own."""

from dataclasses import replace

import numpy as np
import pytest
from toys import Toy, head_plan, weights

from vidattn.bench.train import trainer
from vidattn.bench.train.model import build_model, compile_model


@pytest.fixture(autouse=True)
def nothing_at_hand():
    trainer._kept.clear()


def trained(plan, inputs, rate):
    """Weights after an epoch of batches of 4 and an incomplete one, as the trainer makes them."""
    at_hand = trainer.trainer(plan, inputs, rate)
    at_hand.begin(plan, inputs, rate)
    for rows in np.split(np.arange(14), [4, 8, 12]):
        at_hand.update({"features": inputs.clips[rows]}, inputs.labels[rows])
    return weights(at_hand.whole)


def alone(plan, inputs, rate):
    """The same by a model of its own and `train_on_batch`."""
    model = build_model(plan, inputs)
    compile_model(model, plan.protocol, rate)
    for rows in np.split(np.arange(14), [4, 8, 12]):
        model.train_on_batch({"features": inputs.clips[rows]}, inputs.labels[rows])
    return weights(model)


def test_runs_in_turn_are_those_of_models_of_their_own():
    """Another rate and seed, with other dropout, and the first again: bit by bit, traced once."""
    plan = head_plan()
    other = replace(plan, initial_seed=plan.initial_seed + 1)
    cases = [(plan, 0.01), (other, 0.003), (plan, 0.01)]
    found = [trained(run, Toy(), rate) for run, rate in cases]
    kept = next(iter(trainer._kept.values()))
    assert kept.update.experimental_get_tracing_count() == 1
    for (run, rate), made in zip(cases[:2], found):
        np.testing.assert_array_equal(made, alone(run, Toy(), rate))
    np.testing.assert_array_equal(found[2], found[0])
    assert len({made.tobytes() for made in found}) == 2

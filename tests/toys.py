"""A tiny problem for tests of training: clips of stored features, and the plan of a head on them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import plans

from vidattn.bench.config import load
from vidattn.bench.config.cell import Cell, Run

ROOT = Path(__file__).resolve().parents[1]
RUN = Run(Cell("actors", "tiny", "none", "lstm", "clean"), 1, 0)


class Toy:
    """Stands in for `Inputs`: 16 clips of stored features whose mean tells the class."""

    classes = ("a", "b")
    frames = 4
    features = 6
    flow_length = 2
    padded = False

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.labels = np.arange(16) % 2
        self.clips = rng.normal(size=(16, 4, 6)).astype("float32") + self.labels[:, None, None]

    def ids(self, role):
        return [f"clip{i}" for i in range(16)]

    def steps(self, role, protocol):
        return 4

    def batches(self, role, protocol, *, seed=0, epoch=0, training=False):
        order = np.random.default_rng([seed, epoch]).permutation(16) if training else np.arange(16)
        for rows in np.split(order, 4):
            yield {"features": self.clips[rows]}, self.labels[rows]

    def predict(self, scores, role, protocol):
        return np.concatenate([np.asarray(scores(x)) for x, _ in self.batches(role, protocol)]), self.labels


def head_plan():
    """The plan of a small LSTM with dropout that trains four epochs in batches of four."""
    made = plans.without_data(RUN, load.load(ROOT / "params.yaml"))
    small = {"units": 4, "dense": 8, "dropout": 0.5}
    return changed(replace(made, architecture_params=small), epochs=4, batch=4)


def changed(plan, **protocol):
    """The plan with other settings of its protocol."""
    return replace(plan, protocol=replace(plan.protocol, **protocol))


def weights(model):
    """All weights of a model as one vector."""
    return np.concatenate([w.ravel() for w in model.get_weights()])

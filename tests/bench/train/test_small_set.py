"""A set of 60 clips is trained enough: mean + linear reaches what logistic regression reaches on it."""

from dataclasses import replace

import numpy as np
import plans
import pytest
from statsmodels.stats.proportion import proportion_confint

from vidattn.bench.config import load
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.train import loop, nearest
from vidattn.bench.train.fold_data import Inputs
from vidattn.bench.train.scoring import top1
from vidattn.data.batches.folds import Fold
from vidattn.models.architectures import logistic_probe

CLASSES, FRAMES, WIDTH = 6, 4, 64


class Store:
    """Features of clips c0, c1, ... in memory: the mean of a class, noise of a clip and of a frame."""

    ragged, shape, failed = False, (WIDTH,), {}

    def __init__(self, count: int) -> None:
        rng = np.random.default_rng(0)
        self.ids = tuple(f"c{i}" for i in range(count))
        means = rng.normal(size=(CLASSES, WIDTH))[np.arange(count) % CLASSES]
        clips = means + 1.5 * rng.normal(size=(count, WIDTH))
        self.clips = (clips[:, None] + rng.normal(size=(count, FRAMES, WIDTH))).astype("float16")

    def read(self, ids, frames=None):
        return self.clips[[self.ids.index(i) for i in ids]]


@pytest.fixture
def inputs():
    """36 clips to train on, 24 for validation, 120 for the test."""
    store = Store(180)
    sides = store.ids[:36], store.ids[36:60], store.ids[60:]
    labels = {clip: number % CLASSES for number, clip in enumerate(store.ids)}
    fold = Fold("x", "official", 1, *sides, {}, {})
    return Inputs({"features": store}, labels, {}, tuple("abcdef"), fold, FRAMES, WIDTH, 1)


@pytest.fixture
def plan():
    run = Run(Cell("ucf101_12", "mobilenet_v2", "none", "mean_linear", "icip_clean"), 1, 0)
    return plans.without_data(run, load.load())


def reached(plan, inputs, folder):
    """Top-1 on the test clips and the epochs of training."""
    trainer, states = loop.fit(plan, inputs, folder, lambda line: None)
    return top1(*inputs.predict(trainer.scores, "test", plan.protocol)), states[0.001].epoch


def test_mean_and_linear_come_within_the_interval_of_the_floor(inputs, plan, tmp_path):
    scored, _ = nearest._fitted(logistic_probe, inputs, plan)
    labels = np.array([inputs.labels[i] for i in inputs.ids("test")])
    floor = top1(scored["test"], labels)
    low, _ = proportion_confint(round(floor * len(labels)), len(labels), method="wilson")
    assert floor > 2 / CLASSES  # there is something to learn
    accuracy, epochs = reached(plan, inputs, tmp_path)
    assert accuracy >= low and epochs > plan.protocol.epochs
    (tmp_path / "short").mkdir()
    few = replace(plan, protocol=replace(plan.protocol, epochs=5, updates=None))
    accuracy, epochs = reached(few, inputs, tmp_path / "short")
    assert accuracy < low and epochs == 5  # the same test catches what is not trained

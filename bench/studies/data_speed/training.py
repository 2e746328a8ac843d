"""The training step of heads against what Keras and TensorFlow do barely, and a run against one of its own.

Features are generated, of the size of the ICIP suite: 503 clips of 8 frames, MobileNetV2's 1280 values each.
"""

import importlib.util
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.schema import Params
from vidattn.bench.plan.run_plan import RunPlan, seed_of
from vidattn.bench.studies.data_speed import timing
from vidattn.bench.train import fold_data, loop, nearest, reproducible, trainer
from vidattn.bench.train.scoring import top1
from vidattn.data.batches.folds import Fold

Rows = list[dict]
HEADS = ("mean_linear", "lstm")
PAIRS = 5  # of measurements, the sides taking turns
TRAIN, VALIDATION, TEST, CLASSES, FRAMES, WIDTH = 503, 144, 252, 12, 8, 1280
PROTOCOL = "icip_clean"


@dataclass
class Generated:
    """A store of features in memory: a vector of the class, and noise."""

    ragged = False
    shape = (WIDTH,)

    def __post_init__(self) -> None:
        count = TRAIN + VALIDATION + TEST
        rng = np.random.default_rng(0)
        means = rng.normal(size=(CLASSES, WIDTH))[np.arange(count) % CLASSES]
        self.ids = tuple(f"clip{number}" for number in range(count))
        self.row = {clip: number for number, clip in enumerate(self.ids)}
        noise = 6 * rng.normal(size=(count, 1, WIDTH)) + rng.normal(size=(count, FRAMES, WIDTH))
        self.clips = (means[:, None] + noise).astype("float16")

    def read(self, ids: list[str], frames: int | None = None) -> np.ndarray:
        """Clips (B, T, D)."""
        return self.clips[[self.row[clip] for clip in ids]]


def rows(params: Params) -> Rows:
    """All rows of this part."""
    reproducible.one_thread()
    inputs = _inputs()
    heads = [(name, _plan(params, name)) for name in HEADS]
    steps = [row for name, plan in heads for row in _steps(name, plan, inputs)]
    runs = [row for name, plan in heads for row in _runs(name, plan, inputs)]
    return [*steps, *runs, _floor(heads[0][1], inputs), _torch(heads[1][1], inputs)]


def _inputs() -> fold_data.Inputs:
    store = Generated()
    ids, ends = store.ids, (TRAIN, TRAIN + VALIDATION)
    fold = Fold("generated", "official", 1, ids[: ends[0]], ids[ends[0] : ends[1]], ids[ends[1] :], {}, {})
    labels = {clip: number % CLASSES for number, clip in enumerate(ids)}
    classes = tuple(f"class{number}" for number in range(CLASSES))
    return fold_data.Inputs({"features": store}, labels, {}, classes, fold, FRAMES, WIDTH, 1)


def _plan(params: Params, architecture: str, seed: int = 0) -> RunPlan:
    """The plan of a head on features that no store holds."""
    run = Run(Cell("generated", "mobilenet_v2", "none", architecture, PROTOCOL), 1, seed)
    protocol = params.protocols[PROTOCOL]
    unused: dict[str, Any] = {
        "dataset": None,
        "flow": None,
        "store": Path(),
        "streams": {},
        "pictures": Path(),
        "digests": {},
    }
    unused |= {"code_files": [], "data_files": []}
    names = {"backbone": "mobilenet_v2", "attention": "none", "architecture": architecture}
    head = protocol.head if architecture == "lstm" else {}
    given = {"backbone_params": {}, "attention_params": {}, "architecture_params": head, "plugins": names}
    seeds = {"initial_seed": seed_of(run.id), "order_seed": seed}
    return RunPlan(
        run=run, protocol=protocol, pool="mean", size=224, network=True, **unused, **given, **seeds
    )


def _steps(name: str, plan: RunPlan, inputs: fold_data.Inputs) -> Rows:
    """Updates a CPU second over an epoch, batches from memory, against the two bare ways to make them."""
    import keras
    import tensorflow as tf

    rate = plan.protocol.rates[0]
    ours = trainer.trainer(plan, inputs, rate)
    model, _ = _own(plan, inputs, rate)
    batches = list(inputs.batches("train", plan.protocol, seed=1, training=True))
    resident = [({k: tf.constant(v) for k, v in x.items()}, tf.constant(y)) for x, y in batches]
    bare, _ = _own(plan, inputs, rate)

    @tf.function(reduce_retracing=True)
    def step(streams, labels):
        with tf.GradientTape() as tape:
            logits = bare(streams, training=True)
            loss = tf.reduce_mean(
                keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
            )
        bare.optimizer.apply(tape.gradient(loss, bare.trainable_variables), bare.trainable_variables)
        return loss

    def epoch() -> None:
        for streams, labels in inputs.batches("train", plan.protocol, seed=1, training=True):
            ours.update(streams, labels)

    sides = {
        "train_on_batch": lambda: [model.train_on_batch(*batch) for batch in batches],
        "resident": lambda: [float(step(*batch)) for batch in resident],
    }
    notes = {
        "train_on_batch": "our epoch against Keras' train_on_batch on batches at hand",
        "resident": "our epoch against one tf.function over tensors that lie in memory",
    }
    made = []
    for other, theirs in sides.items():
        epoch(), theirs()  # tracing is not what is compared
        a, b = timing.turns(epoch, theirs, PAIRS)
        note = f"{notes[other]}; {PAIRS} pairs"
        made.append(
            timing.row(
                f"step_{other}_{name}", len(batches) / a, len(batches) / b, "updates/CPU s", PAIRS, note
            )
        )
    return made


def _own(plan: RunPlan, inputs: fold_data.Inputs, rate: float) -> tuple:
    """A model and optimiser of its own."""
    from vidattn.bench.train.model import build_model, compile_model

    model = build_model(plan, inputs)
    compile_model(model, plan.protocol, rate)
    return model, model.optimizer


def _runs(name: str, plan: RunPlan, inputs: fold_data.Inputs) -> Rows:
    """CPU seconds of a run whose step is at hand against one that compiles its own, and of ten seeds."""
    few = replace(plan, protocol=replace(plan.protocol, epochs=4, updates=None, patience=0))

    def run(seed: int) -> None:
        again = replace(few, initial_seed=seed, order_seed=seed)
        with tempfile.TemporaryDirectory() as folder:
            loop.fit(again, inputs, Path(folder), lambda line: None)

    def alone() -> None:
        trainer._kept.clear()
        run(0)

    alone()
    a, b = timing.turns(lambda: run(1), alone, PAIRS)
    ten, one = timing.cpu(lambda: [run(seed) for seed in range(10)]), timing.cpu(alone)
    note = f"4 epochs of {TRAIN} clips, the step at hand against compiled anew; {PAIRS} pairs"
    seeds = "ten runs in one process against ten times a first one; 4 epochs each"
    return [
        timing.row(f"run_{name}", a, b, "CPU s", PAIRS, note),
        timing.row(f"ten_seeds_{name}", ten, 10 * one, "CPU s", 10, seeds),
    ]


def _floor(plan: RunPlan, inputs: fold_data.Inputs) -> dict:
    """A whole run of mean + linear against scikit-learn's logistic regression, and what both reach."""
    from vidattn.models.architectures import logistic_probe

    labels = np.array([inputs.labels[clip] for clip in inputs.ids("test")])

    def head() -> float:
        with tempfile.TemporaryDirectory() as folder:
            at_hand, _ = loop.fit(plan, inputs, Path(folder), lambda line: None)
        return top1(*inputs.predict(at_hand.scores, "test", plan.protocol))

    def floor() -> float:
        return top1(nearest._fitted(logistic_probe, inputs, plan)[0]["test"], labels)

    reached = head(), floor()
    a, b = timing.turns(head, floor, 2)
    note = f"mean + linear to its end; 7 penalties; top-1 {reached[0]:.3f} and {reached[1]:.3f}"
    return timing.row("head_logistic", a, b, "CPU s", 2, note)


def _torch(plan: RunPlan, inputs: fold_data.Inputs) -> dict:
    """Updates a CPU second of the bidirectional LSTM against PyTorch's, where that is installed."""
    name, unit = "step_torch_lstm", "updates/CPU s"
    if importlib.util.find_spec("torch") is None:
        return timing.row(name, np.nan, np.nan, unit, 0, "PyTorch is not installed: pip install torch")
    import torch

    torch.set_num_threads(1)
    steps, last = (
        torch.nn.LSTM(WIDTH, 256, bidirectional=True, batch_first=True),
        torch.nn.Linear(512, CLASSES),
    )
    optimizer = torch.optim.RMSprop([*steps.parameters(), *last.parameters()], plan.protocol.rates[0])
    batches = list(inputs.batches("train", plan.protocol, seed=1, training=True))
    tensors = [(torch.from_numpy(x["features"]), torch.from_numpy(y)) for x, y in batches]
    ours = trainer.trainer(plan, inputs, plan.protocol.rates[0])

    def theirs() -> None:
        for x, y in tensors:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(last(steps(x)[0][:, -1]), y).backward()
            optimizer.step()

    def epoch() -> None:
        for batch in batches:
            ours.update(*batch)

    epoch(), theirs()
    a, b = timing.turns(epoch, theirs, PAIRS)
    note = f"256 units each way, RMSprop, one thread; {PAIRS} pairs"
    return timing.row(name, len(batches) / a, len(batches) / b, unit, PAIRS, note)

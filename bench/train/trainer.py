"""A model with its training step, compiled once and used by every run of the same shape.

Tracing a step takes seconds, where an epoch of a small head takes a tenth of one. Between the learning rates,
seeds and folds of a cell only values differ: weights, random states, slots of the optimiser and the rate.
They are set in the place of a rebuild, so that a run's numbers are those of a model of its own.
"""

import json
import statistics
import time
from collections.abc import Callable
from functools import cached_property

import numpy as np

from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.train.fold_data import Inputs
from vidattn.bench.train.model import arguments, build_model, compile_model, one_frame_model

STEP = ("optimizer", "accumulate", "loss", "precision", "train_frames")  # of a protocol: what a step is
PASSES = 5  # that latency is the median of
_kept: dict[str, "Trainer"] = {}  # one at most: models of two shapes would take the memory of both


class Trainer:
    """The models of a run, mostly one, and their compiled functions.

    Attributes:
        whole: The model for whole clips.
        model: The one that is trained; another than `whole` where training sees one frame of a clip.
        update: One step on (streams, labels (B,)); returns the loss of the batch, before the step.
        scores: Logits (B, K) of whole clips, by stream.
    """

    def __init__(self, plan: RunPlan, inputs: Inputs, rate: float):
        self.whole, self.model = _built(plan, inputs)
        compile_model(self.model, plan.protocol, rate)
        self.model.optimizer.build(self.model.trainable_variables)
        self.update, self.scores = _update(self.model), _scores(self.whole)
        self._start = {plan.initial_seed: _values(self.model.variables)}
        self._slots = _values(self.model.optimizer.variables)

    @property
    def variables(self) -> list:
        """Every variable that training changes: weights, random states of dropout, optimiser slots."""
        return [*self.model.variables, *self.model.optimizer.variables]

    def begin(self, plan: RunPlan, inputs: Inputs, rate: float) -> None:
        """Puts a run at its start: the weights and random states of its own seed, empty slots, this rate."""
        if plan.initial_seed not in self._start:
            self._start = {plan.initial_seed: _values(_built(plan, inputs)[1].variables)}
        assign(self.variables, [*self._start[plan.initial_seed], *self._slots])
        if not decays(plan):
            self.model.optimizer.learning_rate = rate

    def share(self) -> None:
        """Gives `whole` the weights of the model that is trained."""
        if self.whole is not self.model:
            self.whole.set_weights(self.model.get_weights())

    @cached_property
    def costs(self) -> dict[str, int]:
        """Parameters, operations and activations of the model for whole clips."""
        from vidattn.models.graph import costs

        return costs.measure(self.whole)

    @cached_property
    def latency_ms(self) -> float:
        """Median milliseconds of the forward pass of one clip, after a first one."""
        clip = {name: np.zeros((1, *t.shape[1:]), "float32") for name, t in self.whole.input.items()}
        times = []
        for _ in range(1 + PASSES):
            start = time.perf_counter()
            np.asarray(self.scores(clip))
            times.append(time.perf_counter() - start)
        return round(1e3 * statistics.median(times[1:]), 3)


def trainer(plan: RunPlan, inputs: Inputs, rate: float) -> Trainer:
    """The trainer for the shape of this run: the one at hand, or a new one in its place."""
    import keras

    step = {name: getattr(plan.protocol, name) for name in STEP}
    step["optimizer"] = {**plan.protocol.optimizer, "learning_rate": rate if decays(plan) else None}
    key = json.dumps([keras.backend.backend(), arguments(plan, inputs), step], sort_keys=True, default=str)
    if key not in _kept:
        _kept.clear()
        keras.backend.clear_session()
        _kept[key] = Trainer(plan, inputs, rate)
    return _kept[key]


def decays(plan: RunPlan) -> bool:
    """True where a schedule makes the rate a constant of the compiled step."""
    return bool(plan.protocol.optimizer.get("inverse_time_decay"))


def assign(variables: list, values: list[np.ndarray]) -> None:
    """Sets variables."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _built(plan: RunPlan, inputs: Inputs) -> tuple:
    whole = build_model(plan, inputs)
    return whole, one_frame_model(plan, inputs, whole) if plan.protocol.train_frames else whole


def _values(variables: list) -> list[np.ndarray]:
    return [np.array(variable) for variable in variables]


def _update(model) -> Callable:
    """The training step: on TensorFlow one graph for every size of batch, elsewhere that of Keras."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return lambda streams, labels: float(model.train_on_batch(streams, labels))
    import tensorflow as tf

    @tf.function(input_signature=(_signature(model), tf.TensorSpec((None,), "int64")), autograph=False)
    def update(streams, labels):
        weights, optimizer = model.trainable_variables, model.optimizer
        with tf.GradientTape() as tape:
            loss = model.compute_loss(streams, labels, model(streams, training=True))
            scaled = optimizer.scale_loss(loss)
        optimizer.apply(tape.gradient(scaled, weights), weights)
        return loss

    return update


def _scores(model) -> Callable:
    """The forward pass without dropout, as one graph for every size of batch where there are graphs."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return model.predict_on_batch
    import tensorflow as tf

    return tf.function(
        lambda streams: model(streams, training=False), input_signature=(_signature(model),), autograph=False
    )


def _signature(model) -> dict:
    """Streams of any number of clips."""
    import tensorflow as tf

    return {name: tf.TensorSpec((None, *t.shape[1:]), t.dtype) for name, t in model.input.items()}

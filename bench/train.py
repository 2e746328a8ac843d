"""Training: one run, resumable at any epoch, the same numbers on every repeat."""

import inspect
import os
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidattn.bench import checkpoint, encode
from vidattn.bench.cell import Cell, Run
from vidattn.bench.metrics import all_finite, softmax, top1
from vidattn.bench.params import Params, Protocol

if TYPE_CHECKING:
    from vidattn.bench.inputs import Inputs

CHECKPOINT_SECONDS = 30.0  # an epoch that ends sooner after the last checkpoint is not worth the disk


def seed_of(text: str) -> int:
    """A seed that follows from an id."""
    return zlib.crc32(text.encode()) & 0x7FFFFFFF


def quiet_keras():
    """Keras, imported without the lines that TensorFlow writes past every log setting while it loads."""
    kept = os.dup(2)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            import keras
        finally:
            os.dup2(kept, 2)
            os.close(kept)
    return keras


def one_thread() -> None:
    """One intra- and one inter-op thread: this, not op determinism, makes CPU runs bit-reproducible."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    keras = quiet_keras()
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def head(cell: Cell, protocol: Protocol) -> dict:
    """The protocol's arguments for the architecture, as far as it takes them."""
    from vidattn.models.build import module

    known = inspect.signature(module("architecture", cell.architecture).architecture).parameters
    return {name: value for name, value in protocol.head.items() if name in known}


def build_model(run: Run, params: Params, inputs: "Inputs", frames: int | None = None):
    """The Keras model of this run, freshly initialised from the run's id; `frames` in the place of all."""
    import keras

    from vidattn.models.build import build

    protocol = params.protocols[run.cell.protocol]
    keras.config.set_dtype_policy(protocol.precision)
    return build(
        run.cell.backbone,
        run.cell.attention,
        run.cell.architecture,
        classes=len(inputs.classes),
        size=encode.size(run.cell, params),
        frames=frames or inputs.frames,
        flow_length=inputs.flow_length,
        backbone_params=encode.backbone_params(run.cell, params),
        attention_params=params.attention[run.cell.attention],
        architecture_params={**params.architectures[run.cell.architecture], **head(run.cell, protocol)},
        from_features=inputs.features,
        mask=protocol.mask and inputs.padded,
        seed=seed_of(run.id),
    )


def one_frame_model(run: Run, params: Params, inputs: "Inputs", whole):
    """The model for one frame (or flow stack) of a clip, of the same weights as `whole`, the one for all."""
    protocol = run.cell.protocol
    if {"rgb", "flow"} <= set(inputs.streams):
        raise ValueError(
            f"{run.id} reads frames and flow at once: use protocols.{protocol}.train_frames: null."
        )
    model = build_model(run, params, inputs, 1 + inputs.flow_length if "flow" in inputs.streams else 1)
    if [w.shape for w in model.weights] != [w.shape for w in whole.weights]:
        raise ValueError(
            f"{run.id}: '{run.cell.architecture}' has weights for each of its {inputs.frames} frames and "
            f"cannot be trained on one: use protocols.{protocol}.train_frames: null."
        )
    return model


def compile_model(model, protocol: Protocol, rate: float) -> None:
    """Attach loss and optimiser as the protocol says, with this learning rate."""
    from vidattn.bench import losses, optimizers

    optimizer, loss = optimizers.make(protocol, rate), losses.make(protocol.loss)
    # XLA makes the first step slow, and on CPUs the others too.
    model.compile(optimizer=optimizer, loss=loss, jit_compile=False)


@dataclass
class State:
    """What training with one learning rate has reached: enough to go on from here after a kill."""

    epoch: int = 0
    history: dict[str, list[float]] = field(
        default_factory=lambda: {"loss": [], "val_loss": [], "val_top1": []}
    )
    best: tuple[float, float] = (-1.0, 0.0)  # validation top-1, then minus validation loss
    selected: int = 0
    weights: list[np.ndarray] | None = None
    seconds: float = 0.0

    def finished(self, protocol: Protocol) -> bool:
        """True after the last epoch, or after as many without improvement as the protocol has patience."""
        waited = self.epoch - self.selected
        return self.epoch >= protocol.epochs or 0 < protocol.patience <= waited


def variables(model) -> list:
    """Every variable that training changes: weights, optimiser slots, random states of dropout."""
    return [*model.variables, *model.optimizer.variables]


def save(model, state: State, path: Path) -> None:
    """Checkpoint the run."""
    notes = {k: v for k, v in vars(state).items() if k != "weights"}
    checkpoint.save(path, [np.asarray(v) for v in variables(model)], state.weights, notes)


def restore(model, path: Path) -> State:
    """Put the run back where the checkpoint left it; a fresh `State` where there is none that fits."""
    model.optimizer.build(model.trainable_variables)
    found = checkpoint.load(path)
    if found is None or [v.shape for v in found[0]] != [tuple(v.shape) for v in variables(model)]:
        return State()
    for variable, value in zip(variables(model), found[0]):
        variable.assign(value)
    state = State(**found[2], weights=found[1])
    state.best = (state.best[0], state.best[1])
    return state


def fit(run: Run, params: Params, inputs: "Inputs", folder: Path, tell: Callable[[str], None]):
    """Train a run with every learning rate of its protocol, from the same weights and in the same order.

    Returns:
        The model for whole clips with the selected epoch's weights of the best rate on validation (the first
        of equals), and the `State` of every rate, by rate. Which is best: `chosen`.
    """
    import keras

    protocol = params.protocols[run.cell.protocol]
    states = {}
    for number, rate in enumerate(protocol.rates):
        keras.backend.clear_session()  # graphs of earlier runs of this process would stay in memory
        whole = build_model(run, params, inputs)
        model = one_frame_model(run, params, inputs, whole) if protocol.train_frames else whole
        compile_model(model, protocol, rate)
        shown = tell if len(protocol.rates) == 1 else lambda line, rate=rate: tell(f"rate {rate:g}, {line}")
        place = folder / f"checkpoint{number}.npz"
        states[rate] = _train((model, whole), run, inputs, protocol, place, shown)
    whole.set_weights(states[chosen(states)].weights)
    return whole, states


def chosen(states: dict[float, State]) -> float:
    """The rate whose selected epoch is best on validation clips: by top-1, then by loss, then the first."""
    return max(states, key=lambda rate: states[rate].best)


def _train(models: tuple, run: Run, inputs: "Inputs", protocol: Protocol, saved_at: Path, tell) -> State:
    """Train until finished. Where a run has several rates, the end of each is saved for a restart.

    `models` are the one that is trained and the one that scores whole clips, mostly the same.
    """
    model = models[0]
    state = restore(model, saved_at)
    saved = time.monotonic()
    while not state.finished(protocol):
        _epoch(models, state, run, inputs, protocol)
        tell(_line(state, protocol))
        late = time.monotonic() - saved > CHECKPOINT_SECONDS
        if len(protocol.rates) > 1 if state.finished(protocol) else late:
            save(model, state, saved_at)
            saved = time.monotonic()
    return state


def _epoch(models: tuple, state: State, run: Run, inputs: "Inputs", protocol: Protocol) -> None:
    start, model = time.monotonic(), models[0]
    order = seed_of(f"{run.cell.dataset}-{run.fold}-{run.seed}")
    losses = []
    for streams, labels in inputs.batches("train", protocol, seed=order, epoch=state.epoch, training=True):
        losses.append(float(model.train_on_batch(streams, labels)))
    if not losses or not np.isfinite(losses).all():
        raise FloatingPointError(
            f"{run.id}: loss is {losses[-1] if losses else 'missing'} in epoch {state.epoch + 1}. "
            f"Lower protocols.{run.cell.protocol}.optimizer.learning_rate or check the inputs."
        )
    state.epoch += 1
    # train_on_batch returns the mean since the last reset: the last value is the epoch's.
    state.history["loss"].append(round(losses[-1], 6))
    model.reset_metrics()
    _select(models, state, run, inputs, protocol)
    state.seconds += time.monotonic() - start


def _select(models: tuple, state: State, run: Run, inputs: "Inputs", protocol: Protocol) -> None:
    """Keep this epoch's weights if the protocol would report them."""
    score, (model, whole) = (0.0, 0.0), models
    if protocol.validation != "none":
        if whole is not model:
            whole.set_weights(model.get_weights())
        logits, labels = inputs.predict(whole, "validation", protocol)
        all_finite(logits, inputs.ids("validation"), "validation", run.id, f" in epoch {state.epoch}")
        chosen = softmax(logits)[np.arange(len(labels)), labels]
        loss = float(-np.log(np.maximum(chosen, 1e-12)).mean())
        score = (top1(logits, labels), -loss)
        state.history["val_top1"].append(round(score[0], 6))
        state.history["val_loss"].append(round(loss, 6))
    if protocol.select == "last" or protocol.validation == "none" or score > state.best:
        state.best, state.selected = score, state.epoch
        state.weights = model.get_weights()


def _line(state: State, protocol: Protocol) -> str:
    val = state.history["val_top1"]
    shown = f", validation top-1 {val[-1]:.3f}" if val else ""
    return f"epoch {state.epoch}/{protocol.epochs}: loss {state.history['loss'][-1]:.3f}{shown}"

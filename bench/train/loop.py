"""Training: one run, resumable at any epoch, the same numbers on every repeat."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vidattn.bench.config.schema import Protocol
from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.train import checkpoint, trainer
from vidattn.bench.train.fold_data import Inputs
from vidattn.bench.train.scoring import all_finite, softmax, top1
from vidattn.bench.train.trainer import Trainer

CHECKPOINT_SECONDS = 30.0  # an epoch that ends sooner after the last checkpoint is not worth the disk
EVALUATIONS = 3  # that patience always waits for, where an epoch has more updates than patience


@dataclass(frozen=True)
class Budget:
    """How long a run may train: epochs at most, and epochs without improvement that it waits for.

    Both follow from updates, of which a small set of clips has few an epoch; see `of`.
    """

    epochs: int
    patience: int

    @classmethod
    def of(cls, protocol: Protocol, steps: int) -> "Budget":
        """The budget of a protocol whose epochs have so many steps."""
        updates = max(1, steps // protocol.accumulate)  # an epoch
        epochs = max(protocol.epochs, -(-(protocol.updates or 0) // updates))
        patience = max(EVALUATIONS, -(-protocol.patience // updates)) if protocol.patience else 0
        return cls(epochs, patience)


@dataclass
class State:
    """What training with one learning rate has reached: enough to go on from here after a kill."""

    epoch: int = 0
    history: dict[str, list[float]] = field(
        default_factory=lambda: {"loss": [], "val_loss": [], "val_top1": []}
    )
    best: tuple[float, float] = (-np.inf, 0.0)  # minus validation loss, then validation top-1
    selected: int = 0
    weights: list[np.ndarray] | None = None
    seconds: float = 0.0

    def out_of_patience(self, budget: Budget) -> bool:
        """True after as many epochs without improvement on validation as the budget waits for."""
        return 0 < budget.patience <= self.epoch - self.selected

    def finished(self, budget: Budget) -> bool:
        """True after the last epoch, or without patience."""
        return self.epoch >= budget.epochs or self.out_of_patience(budget)


def save(variables: list, state: State, path: Path) -> None:
    """Checkpoint the run."""
    notes = {k: v for k, v in vars(state).items() if k != "weights"}
    checkpoint.save(path, [np.asarray(v) for v in variables], state.weights, notes)


def restore(variables: list, path: Path) -> State:
    """Put the run back where the checkpoint left it; a fresh `State` where there is none that fits."""
    found = checkpoint.load(path)
    if found is None or [v.shape for v in found[0]] != [tuple(v.shape) for v in variables]:
        return State()
    trainer.assign(variables, found[0])
    state = State(**found[2], weights=found[1])
    state.best = (state.best[0], state.best[1])
    return state


def fit(plan: RunPlan, inputs: Inputs, folder: Path, tell: Callable[[str], None]):
    """Train a run with every learning rate of its protocol, from the same weights and in the same order.

    Returns:
        The trainer, whose model for whole clips has the selected epoch's weights of the best rate on
        validation (the first of equals), and the `State` of every rate, by rate. Which is best: `best_rate`.
    """
    protocol = plan.protocol
    states = {}
    for number, rate in enumerate(protocol.rates):
        at_hand = trainer.trainer(plan, inputs, rate)
        at_hand.begin(plan, inputs, rate)
        shown = tell if len(protocol.rates) == 1 else lambda line, rate=rate: tell(f"rate {rate:g}, {line}")
        states[rate] = _train(at_hand, plan, inputs, folder / f"checkpoint{number}.npz", shown)
    at_hand.whole.set_weights(states[best_rate(states)].weights)
    return at_hand, states


def best_rate(states: dict[float, State]) -> float:
    """The rate whose selected epoch is best on validation clips: by loss, then by top-1, then the first."""
    return max(states, key=lambda rate: states[rate].best)


def _train(at_hand: Trainer, plan: RunPlan, inputs: Inputs, saved_at: Path, tell) -> State:
    """Train until finished. Where a run has several rates, the end of each is saved for a restart."""
    budget = Budget.of(plan.protocol, inputs.steps("train", plan.protocol))
    state = restore(at_hand.variables, saved_at)
    saved = time.monotonic()
    while not state.finished(budget):
        _epoch(at_hand, state, plan, inputs)
        tell(_line(state, budget))
        late = time.monotonic() - saved > CHECKPOINT_SECONDS
        if len(plan.protocol.rates) > 1 if state.finished(budget) else late:
            save(at_hand.variables, state, saved_at)
            saved = time.monotonic()
    return state


def _epoch(at_hand: Trainer, state: State, plan: RunPlan, inputs: Inputs) -> None:
    start, losses, sizes = time.monotonic(), [], []
    for streams, labels in inputs.batches(
        "train", plan.protocol, seed=plan.order_seed, epoch=state.epoch, training=True
    ):
        losses.append(at_hand.update(streams, labels))
        sizes.append(len(labels))
    losses = np.array(losses, dtype="float32")
    if not losses.size or not np.isfinite(losses).all():
        raise FloatingPointError(
            f"{plan.id}: loss is {losses[-1] if losses.size else 'missing'} in epoch {state.epoch + 1}. "
            f"Lower protocols.{plan.run.cell.protocol}.optimizer.learning_rate or check the inputs."
        )
    state.epoch += 1
    state.history["loss"].append(round(float(np.average(losses, weights=sizes)), 6))
    _select(at_hand, state, plan, inputs)
    state.seconds += time.monotonic() - start


def _select(at_hand: Trainer, state: State, plan: RunPlan, inputs: Inputs) -> None:
    """Keep this epoch's weights if the protocol would report them."""
    score, protocol = (0.0, 0.0), plan.protocol
    if protocol.validation != "none":
        at_hand.share()
        logits, labels = inputs.predict(at_hand.scores, "validation", protocol)
        all_finite(logits, inputs.ids("validation"), "validation", plan.id, f" in epoch {state.epoch}")
        true = softmax(logits)[np.arange(len(labels)), labels]
        loss = float(-np.log(np.maximum(true, 1e-12)).mean())
        score = (-loss, top1(logits, labels))
        state.history["val_top1"].append(round(score[1], 6))
        state.history["val_loss"].append(round(loss, 6))
    if protocol.select == "last" or protocol.validation == "none" or score > state.best:
        state.best, state.selected = score, state.epoch
        state.weights = at_hand.model.get_weights()


def ending(state: State, plan: RunPlan, inputs: Inputs) -> dict[str, str | bool | int]:
    """How training ended: `stopped` by patience or cap; `falling`: was validation loss at its least lately?

    A loss that was on its way down when training ended says that more updates might have helped.
    """
    budget = Budget.of(plan.protocol, inputs.steps("train", plan.protocol))
    losses = state.history["val_loss"][-EVALUATIONS:]
    return {
        "stopped": "patience" if state.out_of_patience(budget) else "cap",
        "falling": bool(losses) and losses[-1] == min(losses),
        "epochs_allowed": budget.epochs,
    }


def _line(state: State, budget: Budget) -> str:
    val = state.history["val_top1"]
    shown = f", validation top-1 {val[-1]:.3f}" if val else ""
    return f"epoch {state.epoch}/{budget.epochs}: loss {state.history['loss'][-1]:.3f}{shown}"

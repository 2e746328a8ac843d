"""Training on a made-up store: repeats exactly, resumes exactly, reports the epoch that the protocol says."""

from dataclasses import replace

import numpy as np
import pytest
from toys import RUN, Toy, changed, head_plan, weights

from vidattn.bench.config.cell import Run
from vidattn.bench.train import loop, trainer
from vidattn.bench.train.model import build_model


@pytest.fixture
def plan():
    return head_plan()


def fitted(plan, folder, stop=None):
    lines = []

    def tell(line):
        lines.append(line)
        if stop and len(lines) == stop:
            raise KeyboardInterrupt

    folder.mkdir(exist_ok=True)
    try:
        at_hand, states = loop.fit(plan, Toy(), folder, tell)
    except KeyboardInterrupt:
        return None
    return weights(at_hand.whole), states[loop.best_rate(states)]


def test_two_runs_are_equal_and_another_seed_is_not(plan, tmp_path):
    first, state = fitted(plan, tmp_path)
    again, same = fitted(plan, tmp_path)
    np.testing.assert_array_equal(first, again)
    assert state.history == same.history
    assert len(state.history["loss"]) == 4
    other = build_model(replace(plan, initial_seed=plan.initial_seed + 1), Toy())
    assert not np.array_equal(weights(other), weights(build_model(plan, Toy())))


def test_a_killed_run_goes_on_to_the_same_weights(plan, tmp_path, monkeypatch):
    whole, state = fitted(plan, tmp_path / "a")
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    assert fitted(plan, tmp_path / "b", stop=3) is None
    resumed, after = fitted(plan, tmp_path / "b")
    assert after.history == state.history
    np.testing.assert_array_equal(resumed, whole)


def judged(monkeypatch, accuracies, truth):
    """Scores that give the epochs these accuracies, and the true class these probabilities."""
    accuracies, truth = iter(accuracies), iter(truth)
    monkeypatch.setattr(loop, "top1", lambda *_: next(accuracies))
    monkeypatch.setattr(loop, "softmax", lambda logits: np.full(logits.shape, next(truth)))


def test_the_epoch_of_least_validation_loss_is_reported_and_accuracy_breaks_ties(plan, tmp_path, monkeypatch):
    judged(monkeypatch, [0.9, 0.2, 0.4, 0.4], [0.3, 0.6, 0.6, 0.5])
    _, state = fitted(plan, tmp_path)
    assert (state.selected, state.best) == (3, (pytest.approx(np.log(0.6)), 0.4))


def test_training_stops_when_patience_ends_also_after_a_kill(plan, tmp_path, monkeypatch):
    """Patience of 10 updates is 3 epochs of 4 here."""
    patient = changed(plan, patience=10, epochs=9)
    truth = [0.5, 0.4, 0.6, 0.5, 0.5, 0.4, 0.9]
    judged(monkeypatch, [0.5] * 7, truth)
    _, state = fitted(patient, tmp_path / "a")
    assert (state.epoch, state.selected) == (6, 3)
    assert loop.ending(state, patient, Toy()) == {
        "stopped": "patience",
        "falling": False,
        "epochs_allowed": 9,
    }
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    judged(monkeypatch, [0.5] * 7, truth)
    assert fitted(patient, tmp_path / "b", 5) is None
    judged(monkeypatch, [0.5] * 3, truth[4:])
    _, after = fitted(patient, tmp_path / "b")
    assert (after.epoch, after.selected) == (6, 3)


def test_a_loss_that_falls_when_training_ends_is_said(plan, tmp_path, monkeypatch):
    patient = changed(plan, patience=10, epochs=9)
    judged(monkeypatch, [0.5] * 4, [0.6, 0.3, 0.4, 0.5])
    _, state = fitted(patient, tmp_path / "a")
    assert loop.ending(state, patient, Toy()) == {"stopped": "patience", "falling": True, "epochs_allowed": 9}
    judged(monkeypatch, [0.5] * 2, [0.3, 0.6])
    _, state = fitted(changed(plan, epochs=2), tmp_path / "b")
    assert loop.ending(state, changed(plan, epochs=2), Toy())["stopped"] == "cap"


def test_budget_follows_from_clips_and_batch(plan):
    protocol = changed(plan, epochs=30, updates=480, patience=48).protocol
    assert loop.Budget.of(protocol, steps=2) == loop.Budget(240, 24)  # 60 clips: as many updates as 503 have
    assert loop.Budget.of(protocol, steps=16) == loop.Budget(30, 3)
    assert loop.Budget.of(protocol, steps=300) == loop.Budget(30, 3)  # never fewer than three evaluations
    assert loop.Budget.of(replace(protocol, accumulate=2), steps=16) == loop.Budget(60, 6)
    assert loop.Budget.of(replace(protocol, updates=None, patience=0), steps=2) == loop.Budget(30, 0)


def several(plan):
    """A rate that learns nothing, then one that does."""
    return changed(plan, optimizer={"name": "adam", "learning_rate": [1e-9, 0.03]})


def test_validation_chooses_the_learning_rate(plan, tmp_path):
    at_hand, states = loop.fit(several(plan), Toy(), tmp_path, lambda line: None)
    assert loop.best_rate(states) == 0.03
    np.testing.assert_array_equal(
        weights(at_hand.whole), np.concatenate([w.ravel() for w in states[0.03].weights])
    )
    alone = changed(plan, optimizer={"name": "adam", "learning_rate": 0.03})
    _, state = fitted(alone, tmp_path / "alone")
    assert state.history == states[0.03].history  # the same weights and order of batches to begin with


def test_of_equal_rates_the_first_is_chosen():
    assert loop.best_rate({r: loop.State(best=(0.5, -1.0)) for r in (0.1, 0.2)}) == 0.1


@pytest.mark.parametrize("stop", [2, 6])
def test_a_run_killed_at_any_rate_goes_on_to_the_same_numbers(plan, tmp_path, monkeypatch, stop):
    whole, state = fitted(several(plan), tmp_path / "a")
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    assert fitted(several(plan), tmp_path / "b", stop) is None
    resumed, after = fitted(several(plan), tmp_path / "b")
    assert after.history == state.history
    np.testing.assert_array_equal(resumed, whole)


def test_paper_protocol_reports_the_last_epoch(plan, tmp_path):
    _, state = fitted(changed(plan, select="last", validation="none"), tmp_path)
    assert state.selected == 4
    assert state.history["val_top1"] == []


def test_a_loss_that_is_not_finite_stops_the_run(plan, tmp_path):
    wild = changed(plan, optimizer={"name": "sgd", "learning_rate": 1e38})
    with pytest.raises(FloatingPointError, match="Lower protocols.clean.optimizer.learning_rate"):
        fitted(wild, tmp_path)


def test_validation_scores_that_are_no_numbers_stop_the_run(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(Toy, "predict", lambda self, *_: (np.full((16, 2), np.nan, "float32"), self.labels))
    with pytest.raises(FloatingPointError, match=f"{RUN.id}: 16 of 16 validation .* in epoch 1, .*'clip0'"):
        fitted(plan, tmp_path)


def test_gradient_accumulation_equals_the_large_batch(plan):
    """Without dropout, two half batches with accumulation 2 make the step of one whole batch."""
    sgd = {"name": "sgd", "learning_rate": 0.5}
    plan = replace(plan, architecture_params={"units": 4, "dense": 8, "dropout": 0.0})
    inputs, updated = Toy(), []
    for accumulate, size in ((1, 8), (2, 4)):
        at_hand = trainer.trainer(changed(plan, optimizer=sgd, accumulate=accumulate), inputs, 0.5)
        for rows in np.split(np.arange(8), 8 // size):
            at_hand.update({"features": inputs.clips[rows]}, inputs.labels[rows])
        updated.append(weights(at_hand.whole))
    np.testing.assert_allclose(updated[0], updated[1], atol=1e-6)


class Films(Toy):
    """Clips of four small frames; training sees one of them at a time, as `pipeline.batches` gives it."""

    features = None

    def __init__(self) -> None:
        self.labels = np.arange(16) % 2
        noise = np.random.default_rng(0).normal(size=(16, 4, 32, 32, 3))
        self.clips = (0.1 * noise + self.labels[:, None, None, None, None]).astype("float32")
        self.streams = {"rgb": None}

    def batches(self, role, protocol, *, seed=0, epoch=0, training=False):
        for x, y in super().batches(role, protocol, seed=seed, epoch=epoch, training=training):
            yield {"rgb": x["features"][:, epoch % 4 :][:, :1] if training else x["features"]}, y


def filmed(plan, architecture):
    run = Run(RUN.cell.with_(architecture=architecture), 1, 0)
    plugins = {**plan.plugins, "architecture": architecture}
    one_frame = changed(plan, train_frames=1, epochs=2)
    return replace(one_frame, run=run, plugins=plugins, size=32, architecture_params={})


def test_training_on_one_frame_scores_whole_clips(plan, tmp_path):
    one = filmed(plan, "frame_average")
    at_hand, states = loop.fit(one, Films(), tmp_path, lambda line: None)
    model = at_hand.whole
    state = states[loop.best_rate(states)]
    assert model.input["rgb"].shape[1] == 4
    assert len(state.history["val_loss"]) == 2 == len(set(state.history["val_loss"]))
    np.testing.assert_array_equal(weights(model), np.concatenate([w.ravel() for w in state.weights]))
    assert not np.array_equal(weights(model), weights(build_model(one, Films())))


def test_weights_for_every_frame_cannot_be_trained_on_one(plan, tmp_path):
    one = filmed(plan, "lstm_sequence")
    with pytest.raises(ValueError, match="weights for each of its 4 frames.*clean.train_frames: null"):
        loop.fit(one, Films(), tmp_path, lambda line: None)

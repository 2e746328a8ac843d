"""Training on a made-up store: repeats exactly, resumes exactly, reports the epoch that the protocol says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vidattn.bench import params as params_module
from vidattn.bench import train
from vidattn.bench.cell import Cell, Run

ROOT = Path(__file__).resolve().parent.parent
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

    def predict(self, model, role, protocol):
        return np.concatenate(
            [np.asarray(model.predict_on_batch(x)) for x, _ in self.batches(role, protocol)]
        ), self.labels


@pytest.fixture
def params():
    loaded = params_module.load(ROOT / "params.yaml")
    small = {"units": 4, "dense": 8, "dropout": 0.5}
    protocol = replace(loaded.protocols["clean"], epochs=4, batch=4, head={})
    return replace(
        loaded, architectures={"lstm": small}, attention={"none": {}}, protocols={"clean": protocol}
    )


def fitted(params, folder, stop=None):
    lines = []

    def tell(line):
        lines.append(line)
        if stop and len(lines) == stop:
            raise KeyboardInterrupt

    folder.mkdir(exist_ok=True)
    try:
        model, states = train.fit(RUN, params, Toy(), folder, tell)
    except KeyboardInterrupt:
        return None
    return model, states[train.chosen(states)]


def weights(model):
    return np.concatenate([w.ravel() for w in model.get_weights()])


def test_two_runs_are_equal_and_another_seed_is_not(params, tmp_path):
    first, state = fitted(params, tmp_path)
    again, same = fitted(params, tmp_path)
    np.testing.assert_array_equal(weights(first), weights(again))
    assert state.history == same.history
    assert len(state.history["loss"]) == 4
    other = train.build_model(Run(RUN.cell, 1, 1), params, Toy())
    assert not np.array_equal(weights(other), weights(train.build_model(RUN, params, Toy())))


def test_a_killed_run_goes_on_to_the_same_weights(params, tmp_path, monkeypatch):
    whole, state = fitted(params, tmp_path / "a")
    monkeypatch.setattr(train, "CHECKPOINT_SECONDS", -1.0)
    assert fitted(params, tmp_path / "b", stop=3) is None
    resumed, after = fitted(params, tmp_path / "b")
    assert after.history == state.history
    np.testing.assert_array_equal(weights(resumed), weights(whole))


def test_the_best_validation_epoch_is_reported(params, tmp_path, monkeypatch):
    accuracy = iter([0.2, 0.9, 0.4, 0.9])
    monkeypatch.setattr(train, "top1", lambda *_: next(accuracy))
    _, state = fitted(params, tmp_path)
    best = (
        int(
            np.argmin([-0.9 * 10 + v if i in (1, 3) else 99 for i, v in enumerate(state.history["val_loss"])])
        )
        + 1
    )
    assert state.selected == best


def test_training_stops_when_patience_ends_also_after_a_kill(params, tmp_path, monkeypatch):
    patient = replace(params, protocols={"clean": replace(params.protocols["clean"], patience=2, epochs=9)})

    def told(folder, stop=None, *, scores):
        monkeypatch.setattr(train, "top1", lambda *_: next(scores))
        return fitted(patient, folder, stop)

    _, state = told(tmp_path / "a", scores=iter([0.5, 0.4, 0.6, 0.5, 0.5, 0.9]))
    assert (state.epoch, state.selected) == (5, 3)
    monkeypatch.setattr(train, "CHECKPOINT_SECONDS", -1.0)
    assert told(tmp_path / "b", 5, scores=iter([0.5, 0.4, 0.6, 0.5, 0.5])) is None
    _, after = told(tmp_path / "b", scores=iter([0.5, 0.9]))
    assert (after.epoch, after.selected) == (5, 3)


def several(params):
    """A rate that learns nothing, then one that does."""
    optimizer = {"name": "adam", "learning_rate": [1e-9, 0.03]}
    return replace(params, protocols={"clean": replace(params.protocols["clean"], optimizer=optimizer)})


def test_validation_chooses_the_learning_rate(params, tmp_path):
    model, states = train.fit(RUN, several(params), Toy(), tmp_path, lambda line: None)
    assert train.chosen(states) == 0.03
    np.testing.assert_array_equal(weights(model), np.concatenate([w.ravel() for w in states[0.03].weights]))
    alone = replace(params.protocols["clean"], optimizer={"name": "adam", "learning_rate": 0.03})
    _, state = fitted(replace(params, protocols={"clean": alone}), tmp_path / "alone")
    assert state.history == states[0.03].history  # the same weights and order of batches to begin with


def test_of_equal_rates_the_first_is_chosen():
    assert train.chosen({r: train.State(best=(0.5, -1.0)) for r in (0.1, 0.2)}) == 0.1


@pytest.mark.parametrize("stop", [2, 6])
def test_a_run_killed_at_any_rate_goes_on_to_the_same_numbers(params, tmp_path, monkeypatch, stop):
    whole, state = fitted(several(params), tmp_path / "a")
    monkeypatch.setattr(train, "CHECKPOINT_SECONDS", -1.0)
    assert fitted(several(params), tmp_path / "b", stop) is None
    resumed, after = fitted(several(params), tmp_path / "b")
    assert after.history == state.history
    np.testing.assert_array_equal(weights(resumed), weights(whole))


def test_paper_protocol_reports_the_last_epoch(params, tmp_path):
    last = replace(params.protocols["clean"], select="last", validation="none")
    _, state = fitted(replace(params, protocols={"clean": last}), tmp_path)
    assert state.selected == 4
    assert state.history["val_top1"] == []


def test_a_loss_that_is_not_finite_stops_the_run(params, tmp_path):
    wild = replace(params.protocols["clean"], optimizer={"name": "sgd", "learning_rate": 1e38})
    with pytest.raises(FloatingPointError, match="Lower protocols.clean.optimizer.learning_rate"):
        fitted(replace(params, protocols={"clean": wild}), tmp_path)


def test_validation_scores_that_are_no_numbers_stop_the_run(params, tmp_path, monkeypatch):
    monkeypatch.setattr(Toy, "predict", lambda self, *_: (np.full((16, 2), np.nan, "float32"), self.labels))
    with pytest.raises(FloatingPointError, match=f"{RUN.id}: 16 of 16 validation .* in epoch 1, .*'clip0'"):
        fitted(params, tmp_path)


def test_gradient_accumulation_equals_the_large_batch(params, tmp_path):
    """Without dropout, two half batches with accumulation 2 make the step of one whole batch."""
    import keras

    sgd = {"name": "sgd", "learning_rate": 0.5}
    params = replace(params, architectures={"lstm": {"units": 4, "dense": 8, "dropout": 0.0}})
    inputs, updated = Toy(), []
    for accumulate, size in ((1, 8), (2, 4)):
        protocol = replace(params.protocols["clean"], optimizer=sgd, accumulate=accumulate, head={})
        model = train.build_model(RUN, replace(params, protocols={"clean": protocol}), inputs)
        train.compile_model(model, protocol, 0.5)
        for rows in np.split(np.arange(8), 8 // size):
            model.train_on_batch({"features": inputs.clips[rows]}, inputs.labels[rows])
        updated.append(weights(model))
    keras.backend.clear_session()
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


def filmed(params, architecture):
    one = replace(params.protocols["clean"], train_frames=1, epochs=2, size=32)
    run = Run(RUN.cell.with_(architecture=architecture), 1, 0)
    return run, replace(params, architectures={architecture: {}}, protocols={"clean": one})


def test_training_on_one_frame_scores_whole_clips(params, tmp_path):
    run, chosen = filmed(params, "frame_average")
    model, states = train.fit(run, chosen, Films(), tmp_path, lambda line: None)
    state = states[train.chosen(states)]
    assert model.input["rgb"].shape[1] == 4
    assert len(state.history["val_loss"]) == 2 == len(set(state.history["val_loss"]))
    np.testing.assert_array_equal(weights(model), np.concatenate([w.ravel() for w in state.weights]))
    assert not np.array_equal(weights(model), weights(train.build_model(run, chosen, Films())))


def test_weights_for_every_frame_cannot_be_trained_on_one(params, tmp_path):
    run, chosen = filmed(params, "lstm_sequence")
    with pytest.raises(ValueError, match="weights for each of its 4 frames.*clean.train_frames: null"):
        train.fit(run, chosen, Films(), tmp_path, lambda line: None)

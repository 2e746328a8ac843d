"""The leakage probe and the preparation of stored features, by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vidattn.bench.config.load import load
from vidattn.bench.train.fold_data import Inputs
from vidattn.data.batches.folds import Fold
from vidattn.models.architectures import nearest

ROOT = Path(__file__).resolve().parents[3]


def test_scores_are_cosines_to_the_nearest_clip_of_each_class():
    known = np.array([[1.0, 0], [0, 2], [3, 3]])
    found = nearest.scores(known, np.array([0, 1, 1]), np.array([[5.0, 0], [1, 1]]), classes=3)
    half = 1 / np.sqrt(2)
    np.testing.assert_allclose(found, [[1, half, -1], [half, 1, -1]], atol=1e-6)


class Stored:
    """A store of two clips of three frames with four features, the last frame of b padding."""

    ids = ("a", "b")
    dtype = np.dtype("float16")
    ragged = True
    shape = (4,)
    lengths = np.array([3, 2])

    def mask(self, ids, frames):
        return np.arange(frames) < self.lengths[["ab".index(i) for i in ids]][:, None]

    def read(self, ids, frames=None):
        clips = {"a": np.arange(12).reshape(3, 4), "b": np.array([[3, 4, 0, 0], [0, 0, 5, 12], [0, 0, 0, 0]])}
        return np.stack([clips[i] for i in ids]).astype("float16")


@pytest.fixture
def inputs():
    fold = Fold("x", "official", 1, (), (), ("a", "b"), {"train": 0, "test": 2}, {"train": 0, "test": 0})
    return Inputs({"features": Stored()}, {"a": 0, "b": 1}, {}, ("p", "q"), fold, 3, 4, 1)


@pytest.fixture
def protocol():
    return load(ROOT / "params.yaml").protocols["icip_clean"]


def test_normalised_frames_have_length_sqrt_d_and_padding_stays_zero(inputs, protocol):
    streams, labels = next(iter(inputs.batches("test", replace(protocol, normalise=True))))
    x = streams["features"]
    np.testing.assert_allclose(x[1, 0], np.array([3, 4, 0, 0]) / 5 * 2, rtol=1e-5)
    np.testing.assert_allclose(x[1, 2], 0)
    np.testing.assert_allclose(np.linalg.norm(x[0], axis=1), 2, rtol=1e-5)
    assert labels.tolist() == [0, 1]


def test_shuffled_frames_are_the_same_frames_in_another_order(inputs, protocol):
    plain = replace(protocol, normalise=False)
    given = next(iter(inputs.batches("test", plain)))[0]["features"]
    mixed = [
        next(iter(inputs.batches("test", replace(plain, order="shuffled"), seed=s)))[0]["features"]
        for s in range(5)
    ]
    assert any(not np.array_equal(m, given) for m in mixed)
    for m in mixed:
        np.testing.assert_array_equal(np.sort(m.sum(axis=2), axis=1), np.sort(given.sum(axis=2), axis=1))
    again = next(iter(inputs.batches("test", replace(plain, order="shuffled"), seed=3)))[0]["features"]
    np.testing.assert_array_equal(again, mixed[3])


class Numbered:
    """A store of twelve clips of nine frames, each frame's only feature its number over all clips."""

    ids = tuple("abcdefghijkl")
    dtype = np.dtype("float32")
    ragged = False
    shape = (1,)
    lengths = np.full(12, 9)

    def read(self, ids, frames=None):
        rows = [self.ids.index(i) for i in ids]
        return 1 + np.arange(108, dtype="float32").reshape(12, 9, 1)[rows]


@pytest.mark.parametrize("training", [False, True])
def test_every_clip_has_an_order_of_its_own_whatever_the_batch(protocol, training):
    fold = Fold("x", "official", 1, Numbered.ids, (), Numbered.ids, {}, {})
    read = Inputs({"features": Numbered()}, dict.fromkeys(Numbered.ids, 0), {}, ("p",), fold, 9, 1, 1)
    options = {"seed": 3, "epoch": 1, "training": training}

    def orders(batch):
        chosen = replace(protocol, normalise=False, order="shuffled", batch=batch)
        made = [x["features"][..., 0] for x, _ in read.batches("train", chosen, **options)]
        clips = np.concatenate(made) - 1
        return {int(clip[0]) // 9: tuple(clip % 9) for clip in clips}

    found = orders(4)
    assert len(found) == 12 == len(set(found.values()))
    assert found == orders(3) == orders(12)


def test_only_training_reads_one_frame_and_scoring_fits_in_the_same_memory():
    protocol = load(ROOT / "params.yaml").protocols["clean"]
    one = replace(protocol, train_frames=1, batch=9)
    fold = Fold("x", "official", 1, Numbered.ids, (), Numbered.ids, {}, {})
    read = Inputs({"rgb": Numbered()}, dict.fromkeys(Numbered.ids, 0), {}, ("p",), fold, 9, None, 1)
    shown = [next(iter(read.batches("train", one, training=t)))[0]["rgb"].shape for t in (True, False)]
    assert shown == [(9, 1, 1), (9, 9, 1)]
    seen = []

    def scores(streams):
        seen.append(streams["rgb"].shape[:2])
        return np.zeros((len(streams["rgb"]), 2))

    assert len(read.predict(scores, "test", one)[0]) == 12
    assert seen == [(1, 9)] * 12

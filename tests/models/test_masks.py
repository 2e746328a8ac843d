"""Masks: padding changes nothing where the protocol masks it, and does where it runs through as published."""

from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest

from vidattn.bench.train import fold_data
from vidattn.models import build
from vidattn.models.layers import masking

ROOT = Path(__file__).resolve().parents[2]

HEADS = (
    "lstm",
    "lstm_sequence",
    "lstm_uniform",
    "lstm_attention",
    "uniform_lstm",
    "attention_lstm",
    "mean_linear",
)
LENGTH, FRAMES, WIDTH = 2, 4, 3
READS_ALL = ("lstm_sequence", "lstm_uniform", "lstm_attention")  # their dense layer has a row for every step


@cache
def head(architecture, frames, mask, **options):
    small = {} if architecture == "mean_linear" else {"units": 2, "dense": 4, **options}
    return build.build(
        "tiny",
        "none",
        architecture,
        classes=3,
        size=64,
        frames=frames,
        from_features=WIDTH,
        mask=mask,
        architecture_params=small,
    )


def cut(long, short):
    """Gives `short` the weights of `long`, cut to its steps where they are a step's."""
    for old, new in zip(long.weights, short.weights, strict=True):
        new.assign(np.asarray(old)[tuple(slice(0, n) for n in new.shape)])


@pytest.fixture(scope="module")
def clip():
    return np.random.default_rng(0).normal(size=(2, LENGTH, WIDTH)).astype("float32")


def outputs(architecture, clip, mask, **options):
    """Logits of a clip, and of the same clip padded with zeros in a longer model of the same weights."""
    long, short = head(architecture, FRAMES, mask, **options), head(architecture, LENGTH, False, **options)
    cut(long, short)
    padded = np.pad(clip, [(0, 0), (0, FRAMES - LENGTH), (0, 0)])
    return tuple(np.asarray(m({"features": x})) for m, x in ((short, clip), (long, padded)))


@pytest.mark.parametrize("architecture", HEADS)
def test_padding_changes_nothing_under_a_mask_and_something_without(architecture, clip):
    np.testing.assert_allclose(*outputs(architecture, clip, True), atol=1e-6)
    assert np.abs(np.subtract(*outputs(architecture, clip, False))).max() > 1e-4


@pytest.mark.parametrize("readout", ["last", "mean"])
def test_other_readouts_heed_the_mask(readout, clip):
    np.testing.assert_allclose(*outputs("lstm_attention", clip, True, readout=readout), atol=1e-6)


def test_last_step_and_frame_count_by_hand():
    x = np.arange(8, dtype="float32").reshape(1, 4, 2)
    real = np.array([[True, True, False, False]])
    np.testing.assert_array_equal(masking.LastStep()(x, real), [[2, 1]])
    np.testing.assert_array_equal(masking.LastStep()(x), [[6, 1]])
    np.testing.assert_array_equal(masking.OverFrames()(x, real), x / 2)


def test_a_black_frame_inside_a_clip_is_no_padding():
    x = np.array([[[1.0], [0.0], [2.0], [0.0]]])
    np.testing.assert_array_equal(masking.RealFrames()(x), [[True, True, True, False]])
    np.testing.assert_array_equal(masking.real_frames(x, np), [[True, True, True, False]])


@pytest.mark.parametrize("architecture", HEADS)
def test_a_mask_adds_no_weights_and_reloads(architecture, tmp_path):
    masked, plain = (head(architecture, FRAMES, mask) for mask in (True, False))
    assert [w.shape for w in masked.weights] == [w.shape for w in plain.weights]
    assert masked.count_params() == plain.count_params()
    masked.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    x = {"features": np.pad(np.ones((1, 2, WIDTH), "float32"), [(0, 0), (0, 2), (0, 0)])}
    np.testing.assert_allclose(masked(x), again(x), atol=1e-6)


def test_shuffling_leaves_padding_behind():
    x = np.pad(np.arange(1.0, 41).reshape(2, 5, 4), [(0, 0), (0, 3), (0, 0)])
    mixed = fold_data._reordered(x, 0, 0, np.arange(2))
    assert not mixed[:, 5:].any()
    np.testing.assert_array_equal(np.sort(mixed, axis=1), np.sort(x[:, [5, 6, 7, 0, 1, 2, 3, 4]], axis=1))
    assert not np.array_equal(mixed, x)


def test_what_heeds_no_mask_says_so():
    with pytest.raises(ValueError, match="'deep_lstm' has no mask for padded frames; use mask: false"):
        head("deep_lstm", FRAMES, True)

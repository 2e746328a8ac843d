"""What an extractor of other bytes must not find: the stores of the one before."""

import numpy as np
import pytest
from clips import write_dataset

from vidattn.data.extract import features, frames
from vidattn.data.index import manifest
from vidattn.data.media import probe
from vidattn.data.shards import build as extract
from vidattn.data.shards import format as shards

WANTED = {"sampling": "uniform", "frames": 3, "size": 16}


def encode(clip):
    return np.ones((len(clip), 2), np.float32)


@pytest.fixture
def store(tmp_path):
    write_dataset(tmp_path, "set", 1)
    return tmp_path


def test_the_first_format_leaves_keys_as_they_were():
    assert extract.formatted({"opencv": "4"}, "frames", 1) == {"opencv": "4"}
    assert extract.formatted({"opencv": "4"}, "frames", 2) == {"opencv": "4", "frames_format": 2}


def test_frames_of_another_format_are_another_store(store, monkeypatch):
    first = frames.extract("set", store, **WANTED, workers=1)
    monkeypatch.setattr(frames, "FORMAT", 2)
    second = frames.extract("set", store, **WANTED, workers=1)
    assert first != second == frames.path("set", store, **WANTED, container="npy")
    assert shards.open(second).digest != shards.open(first).digest


def test_features_of_another_format_are_another_store(store, monkeypatch):
    pictures = frames.extract("set", store, **WANTED, workers=1)
    first = features.extract("set", store, pictures, encode, {"backbone": "x"})
    monkeypatch.setattr(features, "FORMAT", 2)
    second = features.extract("set", store, pictures, encode, {"backbone": "x"})
    assert first != second == features.path("set", store, pictures, {"backbone": "x"})
    assert shards.open(second).versions["features_format"] == 2


def test_a_probe_of_another_format_probes_again(store, monkeypatch):
    clip = store / "set/raw/c000.avi"
    first = manifest._stamp(clip, "")
    monkeypatch.setattr(probe, "FORMAT", probe.FORMAT + 1)
    assert manifest._stamp(clip, "") == [*first[:-1], first[-1] + 1]

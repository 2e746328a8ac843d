import numpy as np
import pytest
from clips import write_dataset

from vidattn.data.batches import pipeline
from vidattn.data.extract import features, frames
from vidattn.data.shards import format as shards

KEY = {"backbone": "mean", "weights": "none"}


def encode(batch: np.ndarray) -> np.ndarray:
    """Mean colour, and the batch's size as a witness."""
    return np.concatenate([batch.mean((1, 2)), np.full((len(batch), 1), len(batch))], axis=1)


def test_features_are_the_encoded_frames(tmp_path):
    write_dataset(tmp_path, "set", 11)
    path = frames.extract("set", tmp_path, frames=5, size=16, workers=1)
    store = shards.open(features.extract("set", tmp_path, path, encode, KEY, batch=7))
    out = store.read(store.ids)
    assert out.shape == (11, 5, 4) and out.dtype == np.float16
    raw = shards.open(path).read(store.ids)
    assert np.allclose(out[..., :3], (raw / 127.5 - 1).mean((2, 3)), atol=1e-3)
    assert (out[..., 3] == 7).all()  # one batch size, even where frames ran out
    calls = []
    features.extract("set", tmp_path, path, lambda b: calls.append(b) or encode(b), KEY, batch=7)
    assert not calls  # done once


def test_ragged_features_keep_lengths_and_may_be_cut(tmp_path):
    write_dataset(tmp_path, "set", 3, frames=30)  # 30, 31, 32 frames at 10 a second
    path = frames.extract("set", tmp_path, "per_second", None, 16, workers=1)
    store = shards.open(features.extract("set", tmp_path, path, encode, KEY))
    assert store.lengths.tolist() == [3, 4, 4]
    padded = store.read(store.ids, 5)
    assert padded.shape == (3, 5, 4) and not padded[0, 3:].any() and padded[1, 3].any()
    cut = shards.open(features.extract("set", tmp_path, path, encode, KEY, frames=2))
    assert cut.lengths.tolist() == [2, 2, 2]
    assert (cut.read(cut.ids)[..., :3] == padded[:, :2, :3]).all()
    (x, labels), *_ = pipeline.batches({"features": store}, [0, 1, 0], store.ids, 3, frames=4)
    assert x["features"].shape == (3, 4, 4) and x["features"].dtype == np.float32
    assert not x["features"][0, 3].any()


def test_colour_and_weights_are_part_of_the_key(tmp_path):
    write_dataset(tmp_path, "set", 2)
    path = frames.extract("set", tmp_path, frames=2, size=16, workers=1)
    rgb = features.extract("set", tmp_path, path, encode, KEY)
    bgr = features.extract("set", tmp_path, path, encode, KEY, colour="bgr")
    assert rgb != bgr != features.extract("set", tmp_path, path, encode, KEY | {"weights": "a"})
    one, two = (shards.open(p).read(["c000"])[..., :3] for p in (rgb, bgr))
    assert np.allclose(one, two[..., ::-1], atol=1e-3)


def test_an_interrupted_pass_goes_on(tmp_path):
    write_dataset(tmp_path, "set", 11)
    path = frames.extract("set", tmp_path, frames=5, size=16, workers=1)
    calls = []

    def stops(batch):
        calls.append(1)
        if len(calls) == 3:  # in the second shard
            raise KeyboardInterrupt
        return encode(batch)

    with pytest.raises(KeyboardInterrupt):
        features.extract("set", tmp_path, path, stops, KEY)
    calls[:] = [0] * 9
    store = shards.open(features.extract("set", tmp_path, path, stops, KEY))
    assert len(calls) == 10 and len(store) == 11  # 8 x 5 frames were kept, 3 x 5 were missing


def test_values_too_large_for_16_bits_are_an_error(tmp_path):
    write_dataset(tmp_path, "set", 1)
    path = frames.extract("set", tmp_path, frames=2, size=16, workers=1)
    with pytest.raises(ValueError, match="exceed 16 bits"):
        features.extract("set", tmp_path, path, lambda batch: np.full((len(batch), 2), 1e6), KEY)


def test_features_that_vanish_in_16_bits_are_refused(tmp_path):
    write_dataset(tmp_path, "set", 2)
    path = frames.extract("set", tmp_path, frames=2, size=16, workers=1)
    with pytest.raises(ValueError, match="vanish in 16 bits: the largest is 2e-09"):
        features.extract("set", tmp_path, path, lambda b: np.full((len(b), 3), 2e-9), KEY)
    features.extract("set", tmp_path, path, lambda b: np.zeros((len(b), 3)), KEY)  # zero is a value

"""No byte of a store is used that its index does not vouch for; what is damaged is made again."""

import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
from clips import write_dataset

from vidattn.data.extract import features, flow, frames
from vidattn.data.shards import format as shards
from vidattn.data.shards import verify
from vidattn.data.shards.verify import JOURNAL, Damaged


def flip(path, position=-1):
    """XORs one byte and sets the time of change back, as a bad disk would leave it."""
    state, data = path.stat(), bytearray(path.read_bytes())
    data[position] ^= 4
    path.write_bytes(data)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.fixture
def store(tmp_path):
    write_dataset(tmp_path, "set", 11)
    return frames.extract("set", tmp_path, frames=4, size=16, workers=1)


DAMAGE = {
    "one bit of a picture": lambda path: flip(path),
    "one bit of the header": lambda path: flip(path, 30),
    "the magic": lambda path: flip(path, 0),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-7]),
    "empty": lambda path: path.write_bytes(b""),
    "another shape": lambda path: np.save(path, np.load(path)[:, :, ::-1].swapaxes(1, 2)),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_shard_is_refused_by_readers_and_made_again_by_its_stage(store, tmp_path, kind, capsys):
    whole = (store / "00001.npy").read_bytes()
    clips = shards.open(store)
    clips.read(clips.ids)  # what was verified once is not believed for ever
    DAMAGE[kind](store / "00001.npy")
    with pytest.raises(Damaged, match=r"00001\.npy is damaged .*vidattn data frames set"):
        shards.open(store).read(["c010"])
    assert len(shards.open(store).read(["c000"]))  # the other shard is whole
    frames.extract("set", tmp_path, frames=4, size=16, workers=1)
    assert (store / "00001.npy").read_bytes() == whole
    if kind != "gone":
        assert "00001.npy is damaged" in capsys.readouterr().err
        assert (store / "00001.npy.damaged").is_file()


@pytest.mark.parametrize("name", ["index.json", "00000.json"])
@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff", None])
def test_damaged_descriptions_are_made_again(store, tmp_path, name, damage):
    whole, index = (store / name).read_bytes(), (store / "index.json").read_bytes()
    if damage is None:
        (store / name).write_bytes(whole.replace(b'"c001"', b'"c0o1"'))
    else:
        (store / name).write_bytes(damage)
    if name == "index.json":
        with pytest.raises(Damaged, match=r"index\.json is damaged"):
            shards.open(store)
    else:
        (store / "index.json").unlink()  # only then are the shards' own descriptions asked
    frames.extract("set", tmp_path, frames=4, size=16, workers=1)
    assert (store / name).read_bytes() == whole and (store / "index.json").read_bytes() == index


def test_flow_and_features_are_not_made_from_damaged_frames(store, tmp_path):
    whole = (store / "00000.npy").read_bytes()
    flip(store / "00000.npy")
    with pytest.raises(Damaged, match=r"00000\.npy"):
        features.extract("set", tmp_path, store, lambda x: x.mean(axis=(1, 2)), {"backbone": "mean"})
    flow.extract("set", tmp_path, "farneback", 4, 16, workers=1)  # heals its frames first
    assert (store / "00000.npy").read_bytes() == whole


def test_a_store_is_read_once_to_be_verified_and_again_when_its_file_changes(store, tmp_path, monkeypatch):
    shards.open(store).verify()
    journal = tmp_path / "set" / JOURNAL
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line[0] for line in lines] == [f"frames/{store.name}/0000{n}.npy" for n in (0, 1)]

    def counted(*_):
        raise AssertionError("read again")

    monkeypatch.setattr(verify, "hashlib", SimpleNamespace(sha256=counted))
    assert shards.open(store).verify() == []
    os.utime(store / "00001.npy")
    with pytest.raises(AssertionError, match="read again"):
        shards.open(store).verify()


def test_stores_of_before_stay_valid(store):
    """An index has had digests all along; the shards' own descriptions have a seal from now on."""
    for path in store.glob("0*.json"):
        entry = json.loads(path.read_text())
        entry.pop("seal")
        path.write_text(json.dumps(entry))
    assert shards.open(store).verify() == []

"""200 corrupted copies of real clips: each decodes or is quarantined, and the rest never notices them."""

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from clips import DAMAGE, corrupt

from vidattn.data.batches import folds, pipeline
from vidattn.data.extract import features, frames
from vidattn.data.index import manifest
from vidattn.data.media.probe import digest, probe_all
from vidattn.data.shards import format as shards

NAME = "ucf101_12"


def real_clips(shared: Path) -> list[Path]:
    """The 50 smallest, in H.264 and MPEG-4."""
    kinds = {"ucf101_12/clips": 40, "ucf101_12/original_samples": 6, "hmdb51_samples": 4}
    found = []
    for folder, count in kinds.items():
        files = [p for p in (shared / folder).rglob("*") if p.suffix in (".mp4", ".avi")]
        found += sorted(files, key=lambda p: (p.stat().st_size, p.name))[:count]
    return found


@pytest.fixture(scope="module")
def damaged(shared, tmp_path_factory) -> list[Path]:
    """200 files, the same on every run."""
    folder, rng, files = tmp_path_factory.mktemp("damaged"), random.Random(2), []
    for i, clip in enumerate(real_clips(shared)):
        for kind in DAMAGE:
            files.append(folder / f"{i:02d}_{kind}{clip.suffix}")
            files[-1].write_bytes(corrupt(clip.read_bytes(), kind, rng))
    return files


def test_each_decodes_or_is_quarantined_with_a_reason(damaged):
    found = dict(probe_all([(path, "") for path in damaged]))
    assert len(found) == len(damaged) == 200
    for number, result in found.items():
        name = damaged[number].name
        if result.status == "ok":
            assert result.frames > 0 and result.width > 0 and result.height > 0, name
        else:
            assert result.status == "quarantined" and result.reason and result.frames == 0, name
    assert all(found[i].status == "quarantined" for i, path in enumerate(damaged) if "text" in path.name)
    assert 50 < sum(result.status == "quarantined" for result in found.values()) < 200


def data_set(shared: Path, store: Path, extra: list[Path], stated: bool) -> Path:
    """Four clips of each class in two groups, one of each side of split 1, with corrupted clips among them.

    `stated`: the list gives digests of other, sound files, so that all of `extra` is found out; otherwise it
    was made after the damage.
    """
    table = pd.read_csv(shared / NAME / "manifest.csv")
    rest = table.groupby(["class", "split1"]).head(2)
    rows = [rest]
    for i, path in enumerate(extra):
        label = sorted(set(table["class"]))[i % 12]
        file = f"clips/{label}/v_{label}_g{26 + i // 12:02d}_c01.mp4"
        sides = {f"split{n}": ("train", "test")[i // 12 % 2] for n in (1, 2, 3)}
        rows.append(pd.DataFrame([{"file": file, "sha256": "0" * 64 if stated else digest(path), **sides}]))
        link(store / NAME / "raw" / file, path)
    for file in rest.file:
        link(store / NAME / "raw" / file, shared / NAME / file)
    listed = pd.concat(rows)[["file", "sha256", "split1", "split2", "split3"]]
    listed.to_csv(store / NAME / "raw/manifest.csv", index=False)
    return store


@pytest.fixture(scope="module")
def without(shared, tmp_path_factory) -> dict:
    """The run over the sound clips alone."""
    return run(data_set(shared, tmp_path_factory.mktemp("without"), [], stated=True))


def link(place: Path, to: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(to)


def run(store: Path) -> dict:
    """What every later step reads: index, fold, frames, features, and the numbers of a small classifier."""
    index = manifest.build(NAME, store)
    fold = folds.fold(NAME, store)
    path = frames.extract(NAME, store, frames=4, size=24, workers=1)
    encode = lambda x: x.reshape(len(x), 4, 6, 4, 6, 3).mean((2, 4)).reshape(len(x), -1)  # noqa: E731
    kept = features.extract(NAME, store, path, encode, {"backbone": "mean"})
    return {"index": index, "fold": fold, "frames": shards.open(path), "features": shards.open(kept)}


def batches(made: dict, side: str, shuffle: bool) -> list:
    """A side of the fold as a model gets it."""
    index = made["index"].set_index("clip")
    ids = getattr(made["fold"], side)
    labels = pd.Categorical(index.loc[list(ids), "label"]).codes
    return list(pipeline.batches({"features": made["features"]}, labels, ids, 8, shuffle=shuffle, seed=1))


def trained(made: dict) -> np.ndarray:
    """Logits of the test side after a linear layer was trained by gradient descent on the training side."""
    weights = np.zeros((48, 12), np.float64)
    for _ in range(3):
        for x, y in batches(made, "train", shuffle=True):
            inputs = x["features"].mean(1)
            scores = np.exp(inputs @ weights)
            weights -= 0.1 * inputs.T @ (scores / scores.sum(1, keepdims=True) - np.eye(12)[y]) / len(y)
    return np.concatenate([x["features"].mean(1) @ weights for x, _ in batches(made, "test", shuffle=False)])


def test_the_run_over_the_rest_gives_the_same_numbers(shared, damaged, without, tmp_path):
    """All 200 are found out by the list's digests: nothing after the index differs without them."""
    among = run(data_set(shared, tmp_path / "among", damaged, stated=True))
    bad = among["index"]["status"] == "quarantined"
    assert len(among["index"]) == 248 and bad.sum() == 200
    assert among["index"][~bad].reset_index(drop=True).equals(without["index"])
    for side in ("train", "validation", "test"):
        assert getattr(among["fold"], side) == getattr(without["fold"], side)
    assert sum(among["fold"].quarantined.values()) == 200 and len(without["fold"].test) == 24
    for kind in ("frames", "features"):
        assert among[kind].digest == without[kind].digest
        assert [digest(p) for p in sorted(among[kind].path.iterdir())] == [
            digest(p) for p in sorted(without[kind].path.iterdir())
        ]
    logits = trained(without)
    assert logits.std() > 0 and (trained(among) == logits).all()


def test_clips_that_still_decode_change_no_other(shared, damaged, without, tmp_path):
    """Where the list does not tell, some damaged clips are used; the sound ones keep rows and pixels."""
    among = run(data_set(shared, tmp_path / "among", damaged, stated=False))
    index = among["index"].set_index("clip")
    sound = list(without["index"]["clip"])
    assert index.loc[sound].equals(without["index"].set_index("clip"))
    assert 50 < (index["status"] == "quarantined").sum() < 200
    assert set(among["frames"].ids) | set(among["frames"].failed) == set(index.index[index["status"] == "ok"])
    for kind in ("frames", "features"):
        assert (among[kind].read(sound) == without[kind].read(sound)).all()

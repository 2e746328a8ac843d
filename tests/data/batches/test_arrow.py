"""The arrow of time: both directions of every clip, in one fold, from one store."""

import numpy as np
import pandas as pd
import pytest
from clips import write_dataset

from vidattn.data import datasets
from vidattn.data.batches import folds, views
from vidattn.data.extract import frames
from vidattn.data.index import manifest

SECTION = {
    "pairs": {"plugin": "arrow", "of": "ucf101_12"},
    "both": {"plugin": "arrow", "of": "ucf101_12", "classes": "action_direction"},
}


@pytest.fixture
def arrow():
    return datasets.load("pairs", SECTION)


@pytest.fixture
def store(tmp_path):
    """Nine clips of 12 to 14 frames in three groups."""
    write_dataset(tmp_path, "ucf101_12", 9)
    return tmp_path


def test_classes_are_directions_or_actions_in_directions(arrow):
    assert arrow.classes == ("backward", "forward") and (arrow.official_size, arrow.folds) == (1800, 3)
    both = datasets.load("both", SECTION)
    assert len(both.classes) == 24 and both.classes[2:4] == (
        "ApplyLipstick_backward",
        "ApplyLipstick_forward",
    )
    assert both.stored is datasets.load("ucf101_12")


def test_the_index_has_both_directions_in_the_group_of_the_clip(arrow, store):
    index = manifest.read(arrow, store).set_index("clip")
    source = manifest.read("ucf101_12", store).set_index("clip")
    assert len(index) == 18
    for direction in arrow.classes:
        row = index.loc[f"c004_{direction}"]
        assert row["label"] == direction
        assert all(row[key] == source.loc["c004", key] for key in ("group", "digest", "path", "frames"))
    assert set(manifest.read(datasets.load("both", SECTION), store)["label"]) == {
        "k0_backward", "k0_forward", "k1_backward", "k1_forward"
    }  # fmt: skip


@pytest.mark.parametrize("sampling, count", [("uniform", 4), ("per_second", 3)])
def test_a_clip_played_backward_is_the_clip_read_from_its_end(arrow, store, sampling, count):
    from vidattn.data.shards import format as shards

    clips = shards.open(frames.extract("ucf101_12", store, sampling, count, 32, workers=1))
    shown = views.Views(clips, arrow.views)
    ids = ["c002_backward", "c000_forward", "c000_backward"]
    read, mask = shown.read(ids, 3), shown.mask(ids, 3)
    for clip, made, real in zip(ids, read, mask):
        plain = clips.read([clip[:4]], 3)[0][real]
        np.testing.assert_array_equal(made[real], plain[::-1] if clip.endswith("backward") else plain)
        assert not made[~real].any()
    assert mask.all() == (sampling == "uniform")
    np.testing.assert_array_equal(shown.lengths[shown.rows(ids)], clips.lengths[[2, 0, 0]])
    with pytest.raises(KeyError, match="No clip 'c000' among the 18 views"):
        shown.read(["c000"])


@pytest.mark.parametrize("split", ["official", "random"])
def test_a_fold_is_that_of_the_clips_each_in_both_directions(arrow, store, split, monkeypatch):
    sides = datasets.Sides(
        *(tuple(f"c{n:03d}" for n in range(9) if (n % 3 == 0) == test) for test in (False, True))
    )
    monkeypatch.setattr(folds, "_listed", lambda *_: sides._asdict())
    plain = folds.fold("ucf101_12", store, split=split, validation="groups")
    fold = folds.fold(arrow, store, split=split, validation="groups")
    for side in ("train", "validation", "test"):
        clips = getattr(plain, side)
        assert getattr(fold, side) == tuple(f"{c}_{d}" for c in clips for d in ("backward", "forward"))
    assert fold.official == {"train": 12, "test": 6} and fold.dataset == "pairs"


def test_a_clip_of_one_frame_is_left_out_in_both_directions_and_says_why(arrow, store):
    path = store / "ucf101_12" / "index.csv"
    table = pd.read_csv(path)
    table.loc[table["clip"] == "c001", "frames"] = 1
    table.to_csv(path, index=False)
    index = manifest.read(arrow, store).set_index("clip")
    assert (
        "one frame" in index.loc["c001_forward", "reason"]
        and index.loc["c001_backward", "status"] == "quarantined"
    )
    assert (index["status"] == "ok").sum() == 16


def test_what_has_no_arrow_is_refused_in_one_line(arrow, store):
    def load(**entry):
        return datasets.load("x", {"x": {"plugin": "arrow", **entry}, "pairs": SECTION["pairs"]})

    with pytest.raises(
        ValueError, match="x: an arrow of time needs a data set of videos; cifar100 holds pictures"
    ):
        load(of="cifar100")
    with pytest.raises(ValueError, match="pairs holds clips in both directions already"):
        load(of="pairs")
    with pytest.raises(
        ValueError, match="unknown classes 'way'. Expected one of: direction, action_direction"
    ):
        load(of="ucf101_12", classes="way")
    with pytest.raises(ValueError, match="x: unknown argument of arrow 'clases'. Did you mean 'classes'"):
        load(of="ucf101_12", clases="direction")
    with pytest.raises(ValueError, match="nknown data set 'ucf101_21'.*Did you mean 'ucf101_12'"):
        load(of="ucf101_21")
    with pytest.raises(ValueError, match="nknown data set 'x'"):
        load(of="x")
    path = store / "ucf101_12" / "index.csv"
    pd.read_csv(path).assign(group="").to_csv(path, index=False)
    with pytest.raises(
        ValueError, match="pairs needs the groups of its clips, and ucf101_12 states none of 'c000'"
    ):
        manifest.read(arrow, store)

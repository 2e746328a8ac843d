"""One's own clips become a list with folds, or one line says why not."""

import cv2
import numpy as np
import pandas as pd
import pytest

from vidattn.data.acquire import own_clips, own_folds
from vidattn.data.datasets import folder as plugin


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"clip")
    return folder


@pytest.fixture
def clips(tmp_path):
    """Two classes of six clips, three groups of two in each: jump/g1_a.mp4."""
    names = [f"{label}/g{g}_{part}.mp4" for label in ("jump", "wave") for g in (1, 2, 3) for part in "ab"]
    return touch(tmp_path / "clips", *names)


def write(target, **columns):
    pd.DataFrame(columns).to_csv(target, index=False)
    return target


FOUR = {"path": ["jump/g1_a.mp4", "jump/g1_b.mp4", "wave/g1_a.mp4", "wave/g1_b.mp4"], "label": list("xxyy")}


def test_class_folders_become_a_list_whose_folds_keep_groups_and_classes(clips):
    frame = own_clips.listed(clips, pattern="(g[0-9])_", folds=3)
    assert list(frame.columns) == ["clip", "path", "label", "group", "fold"] and len(frame) == 12
    assert frame["clip"].iloc[0] == "jump_g1_a" and set(frame["fold"]) == {1, 2, 3}
    assert (frame.groupby("group")["fold"].nunique() == 1).all()
    assert (frame.groupby(["fold", "label"]).size() == 2).all()


def test_each_clip_is_its_own_group_unless_asked(clips):
    assert own_clips.listed(clips, folds=3)["group"].nunique() == 12


def test_one_fold_a_group(clips):
    frame = own_clips.listed(clips, pattern="(g[0-9])_", folds=None)
    assert frame.groupby("group")["fold"].unique().map(list).to_dict() == {"g1": [1], "g2": [2], "g3": [3]}


def test_given_labels_groups_and_folds_are_kept(clips, tmp_path):
    paths = [f"{label}/g{g}_a.mp4" for label in ("jump", "wave") for g in (1, 2)]
    given = write(tmp_path / "l.csv", path=paths, label=["x", "x", "y", "y"], fold=[1, 2, 2, 1])
    groups = write(tmp_path / "g.csv", path=paths, group=list("pqrs"))
    frame = own_clips.listed(clips, given, groups).set_index("path").loc[paths]
    assert frame["label"].tolist() == ["x", "x", "y", "y"] and frame["fold"].tolist() == [1, 2, 2, 1]
    assert frame["group"].tolist() == list("pqrs")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], "No clip in"),
        (["notes.txt", "a/readme.md"], "No clip in"),
        (["jump/a.mp4", "jump/b.mp4"], "has one class, jump"),
        (["jump/a.mp4", "jump/b.mp4", "wave/a.mp4"], "with a single clip: wave"),
        (["jump/a.mp4", "jump/b.mp4", "Jump/c.mp4", "Jump/d.mp4"], "differ in case only: Jump, jump"),
        (["jump/a.mp4", "jump/A.mp4", "wave/a.mp4", "wave/b.mp4"], "differ in case only: jump_A, jump_a"),
        (["jump/a.mp4", "jump/b.mp4", "wave/a.mp4", "wave/b.png"], "Pictures among the videos"),
        (["jump/a.mp4", "jump/a.avi", "wave/a.mp4", "wave/b.mp4"], "one name but for their ending"),
    ],
)
def test_a_folder_of_which_no_data_set_can_be_made(tmp_path, names, told):
    (tmp_path / "clips").mkdir()
    with pytest.raises(ValueError, match=told) as error:
        own_clips.listed(touch(tmp_path / "clips", *names), folds=2)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"path": ["jump/g1_a.mp4"]}, "has no label"),
        ({"path": ["gone.mp4", "jump/g1_a.mp4"], "label": ["x", "y"]}, "1 of 2 clips .* gone.mp4"),
        ({"path": ["jump/g1_a.mp4"] * 2, "label": ["x"] * 2, "fold": [1, 2]}, "twice and in two folds"),
        (
            FOUR | {"fold": [1, 3, 1, 3]},
            "Folds are 1, 3",
        ),
        (
            FOUR | {"fold": [1, 2, 1, 2], "group": list("pppq")},
            "Groups in several folds: p",
        ),
        (
            FOUR | {"fold": [1, 1, 1, 2]},
            "All clips of x are in one fold",
        ),
        (FOUR | {"fold": ["1", "2", "1", "test"]}, "Folds are 1, 2, test"),
        (FOUR | {"label": ["x", "", "y", "y"]}, "gives no label to jump/g1_b.mp4"),
    ],
)
def test_a_list_that_cannot_be(clips, tmp_path, columns, told):
    with pytest.raises(ValueError, match=told):
        own_clips.listed(clips, write(tmp_path / "l.csv", **columns))


def test_too_few_groups_for_the_folds(clips):
    with pytest.raises(ValueError, match="3 groups make no 5 folds. Use --folds 3"):
        own_clips.listed(clips, pattern="(g[0-9])_")


def test_a_pattern_that_names_no_group(clips):
    with pytest.raises(ValueError, match="names no group in jump/g1_a.mp4"):
        own_clips.listed(clips, pattern="person([0-9])")


@pytest.mark.parametrize(
    ("pattern", "told"),
    [("((", "is no regular expression: missing"), ("(g)[0-9]", "All clips are of one group, g")],
)
def test_a_pattern_that_cannot_be(clips, pattern, told):
    with pytest.raises(ValueError, match=told):
        own_clips.listed(clips, pattern=pattern)


def test_more_folds_than_a_class_has_clips(clips, recwarn):
    with pytest.raises(ValueError, match="No class has a clip for each of 7 folds. Use --folds 6"):
        own_clips.listed(clips, folds=7)
    touch(clips, "run/g1_a.mp4", "run/g1_b.mp4")
    frame = own_clips.listed(clips, folds=3)
    assert own_folds.untested(frame) == ["run"] and not recwarn.list


def test_a_folder_without_a_clip_is_no_class(clips):
    touch(clips, "swim/notes.txt", ".hidden/a.mp4")
    assert own_clips.empty(clips) == ["swim"]


def film(path, seed, quality=None):
    """A clip of a drawing that moves; `quality` encodes it anew, smaller, in another container."""
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    picture = cv2.resize(canvas, (160, 120), interpolation=cv2.INTER_CUBIC)
    side = (160, 120) if quality is None else (112, 84)
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter.fourcc(*("MJPG" if quality is None else "mp4v")), 10, side
    )
    for i in range(12):
        writer.write(cv2.resize(np.roll(picture, 2 * i, axis=1), side))
    writer.release()


def test_re_encoded_copies_are_found_across_folds_only(tmp_path):
    film(tmp_path / "a" / "one.avi", 0)
    film(tmp_path / "b" / "copy.mp4", 0, quality=50)
    film(tmp_path / "a" / "other.avi", 1)
    film(tmp_path / "b" / "third.avi", 2)
    frame = own_clips.listed(tmp_path, folds=2)
    apart = frame.assign(fold=frame["clip"].map({"a_one": 1, "b_copy": 2, "a_other": 2, "b_third": 1}))
    assert own_clips.seen(apart, tmp_path) == ([("a_one", "b_copy")], [])
    assert own_clips.seen(apart.assign(fold=1), tmp_path) == ([], [])


def test_a_clip_that_cannot_be_read_is_named_and_a_black_one_is_not(tmp_path):
    film(tmp_path / "a" / "one.avi", 0)
    film(tmp_path / "b" / "copy.avi", 0)
    cv2.imwrite(str(tmp_path / "a" / "black.png"), np.zeros((32, 32, 3), np.uint8))
    (tmp_path / "b" / "broken.mp4").write_bytes(b"no video")
    paths = ["a/black.png", "a/one.avi", "b/broken.mp4", "b/copy.avi"]
    frame = pd.DataFrame({"path": paths, "clip": paths, "fold": [1, 1, 2, 2]})
    assert own_clips.seen(frame, tmp_path) == ([("a/one.avi", "b/copy.avi")], ["b/broken.mp4"])


def test_the_data_set_of_a_list(clips, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(own_clips.text(own_clips.listed(clips, pattern="(g[0-9])_", folds=3)))
    made = plugin.dataset("mine", str(clips), str(path))
    assert (made.kind, made.classes, made.folds, made.official_size) == ("video", ("jump", "wave"), 3, 12)
    home = tmp_path / "store" / "mine"
    made.generate(home, {})
    items = made.items(home)
    assert {(home / item.path).resolve() for item in items} == {p.resolve() for p in clips.glob("*/*")}
    sides = made.sides(home, pd.DataFrame(), 2)
    assert len(sides.train) == 8 and len(sides.test) == 4 and not set(sides.train) & set(sides.test)
    with pytest.raises(FileNotFoundError, match="vidattn data add mine"):
        plugin.dataset("mine", str(clips), str(tmp_path / "gone.csv"))

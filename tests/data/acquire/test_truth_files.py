"""Boxes and masks of a user become truth: worked out by hand, and every bad row told in one line."""

from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest

from vidattn.bench.cli import truth_data
from vidattn.bench.config.errors import ParamsError
from vidattn.data.acquire import truth_files
from vidattn.data.files import folder_seal

INDEX = "clip,label,group,path,frames,fps,width,height,digest,status,reason\n"
DATASET = SimpleNamespace(name="mine", generate=None)


@pytest.fixture
def store(tmp_path):
    home = tmp_path / "mine"
    home.mkdir()
    rows = "".join(f"{clip},a,g,{clip}.mp4,4,12.5,8,4,d,ok,\n" for clip in ("one", "two", "three"))
    (home / "index.csv").write_text(INDEX + rows + "bad,a,g,bad.mp4,0,0,0,0,d,bad,unreadable\n")
    return tmp_path


def take(store, text, **grid):
    path = store / "boxes.csv"
    path.write_text(text)
    return truth_files.import_truth(DATASET, path, store, truth_files.Grid(**grid))


def read(store, clip):
    with np.load(store / "mine" / "truth" / f"{clip}.npz", allow_pickle=False) as stored:
        return stored["mask"], stored["informative"]


def test_fractions_and_pixels_give_the_same_mask(store):
    for text in (
        "clip,frame,x0,y0,x1,y1\none,1,0.25,0,0.5,0.5\none,1,0.75,0.5,1,1\n",
        "clip,frame,x,y,w,h\nfolder/one,1,2,0,2,2\nfolder/one,1,6,2,2,2\n",
    ):
        taken = take(store, text)
        mask, informative = read(store, "one")
        expected = np.zeros((4, 4, 8))
        expected[1, :2, 2:4] = expected[1, 2:, 6:] = 1
        np.testing.assert_array_equal(mask, expected)
        assert informative.tolist() == [False, True, False, False]
        assert (taken.clips, taken.frames, taken.left_out) == (1, 1, [])


def test_another_picture_and_numbering(store):
    """Boxes on 16x8, of twice the frames: frame 2k is frame k of the clip, odd ones are not shown."""
    text = "clip,frame,x0,y0,x1,y1\none,4,4,0,8,8\none,5,0,0,16,8\none,6,0,0,2,2\n"
    take(store, text, picture=(16, 8), every=2)
    mask, informative = read(store, "one")
    assert informative.tolist() == [False, False, True, True]
    assert mask[2].sum() == 2 * 4 and mask[2, :, 2:4].all() and mask[3].sum() == 1


def test_what_does_not_fit_is_left_out_and_named(store):
    taken = take(
        store,
        "clip,frame,x0,y0,x1,y1\none,0,1,1,3,3\ntwo,1,6,1,12,3\nthree,4,1,1,2,2\nbad,0,1,1,2,2\n"
        "elsewhere,0,1,1,2,2\n",
    )
    assert taken.clips == 1
    assert sorted(taken.left_out) == [
        "bad: it is not in the index",
        "elsewhere: it is not in the index",
        "three: it has a box at frame 4, and its last is 3",
        "two: it has a box outside the picture, at frame 1",
    ]
    with pytest.raises(ValueError, match="fits a clip of mine. The first: two: it has a box without extent"):
        take(store, "clip,frame,x0,y0,x1,y1\ntwo,1,3,1,3,3\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("clip,x0,y0,x1,y1\none,0,0,1,1\n", "has no frame. Expected a csv with clip, frame and x0"),
        ("clip,frame,x0,y0,x1,y1\n", "has no rows"),
        ("clip,frame,x0,y0,x1,y1\none,0,1,1,2,2\none,1,wide,1,2,2\n", "line 3: no number in frame, x0"),
    ],
)
def test_a_bad_file_is_told_in_one_line(store, text, why):
    with pytest.raises(ValueError, match=why):
        take(store, text)


def test_masks_as_arrays_and_as_pictures(store, tmp_path):
    folder = tmp_path / "masks"
    (folder / "two").mkdir(parents=True)
    mask = np.zeros((4, 4, 8), bool)
    mask[2, 1, 3] = True
    np.savez(folder / "one.npz", mask=mask, informative=np.array([1, 1, 0, 0]))
    np.savez(folder / "three.npz", mask=mask[:3])
    cv2.imwrite(str(folder / "two" / "0002.png"), mask[2].astype(np.uint8) * 255)
    taken = truth_files.import_truth(DATASET, folder, store)
    assert taken.left_out == ["three: expected `mask` of shape (4, H, W) in three.npz, got (3, 4, 8)"]
    for clip, when in (("one", [True, True, False, False]), ("two", [False, False, True, False])):
        found, informative = read(store, clip)
        np.testing.assert_array_equal(found, mask)
        assert informative.tolist() == when


def test_generated_sets_and_sets_without_index_are_refused(store):
    with pytest.raises(ValueError, match="generated with its truth"):
        truth_files.import_truth(SimpleNamespace(name="actors", generate=len), store, store)
    with pytest.raises(FileNotFoundError, match="vidattn data index other"):
        truth_files.import_truth(SimpleNamespace(name="other", generate=None), store, store)
    assert pd.read_csv(store / "mine" / "index.csv").shape[0] == 4


def test_truth_that_was_changed_is_named_before_more_comes(store):
    take(store, "clip,frame,x,y,w,h\none,1,2,0,2,2\n")
    take(store, "clip,frame,x,y,w,h\ntwo,1,2,0,2,2\n")
    assert folder_seal.broken(store / "mine/truth") == []
    path = store / "mine/truth/one.npz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"one.npz is not as it was imported. Delete .*\.truth.sha256"):
        take(store, "clip,frame,x,y,w,h\nthree,1,2,0,2,2\n")
    assert not (store / "mine/truth/three.npz").exists()


def test_maps_are_not_scored_against_truth_that_was_changed(store):
    take(store, "clip,frame,x,y,w,h\none,1,2,0,2,2\ntwo,1,2,0,2,2\n")
    params = SimpleNamespace(store=str(store))
    truth_data.check({"mine", "without truth"}, params)
    for path in (store / "mine/truth").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ParamsError, match="one.npz and 1 more: missing or damaged.*vidattn data fetch mine"):
        truth_data.check({"mine"}, params)

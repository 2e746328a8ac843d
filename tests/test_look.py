import cv2
import numpy as np
from clips import moving, write_dataset

from vidattn.data import flow, frames, look


def test_wheel_by_hand():
    vectors = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0.5, 0]], np.float32)
    colours = look.wheel(vectors).tolist()
    assert colours[:3] == [[255, 255, 255], [255, 0, 0], [0, 255, 255]]
    assert colours[3] == [128, 255, 0] or np.abs(np.array(colours[3]) - [127, 255, 0]).max() < 3
    assert np.abs(np.array(colours[4]) - [255, 128, 128]).max() < 3


def test_sheet_has_a_place_for_every_picture():
    clip = moving(0, 12, side=16)
    still = np.full((11, 16, 16, 2), 128, np.uint8)
    mask = np.zeros((12, 16, 16), np.uint8)
    mask[:, 4:8] = 1
    picture = look.sheet(clip, still, mask, columns=9)
    assert picture.shape == (6 * 18, 9 * 18, 3)
    assert (picture[:16, :16] == clip[0]).all()
    assert (picture[54:70, 18:34] == clip[10]).all()  # fourth row: the frames go on
    assert picture[18:34, :16].min() > 200  # hardly any flow is almost white
    assert picture[36 + 6, 8, 0] > picture[36 + 12, 8, 0]  # the mask stands out
    assert look.sheet(clip).shape == (2 * 18, 9 * 18, 3)


def test_clip_from_the_stores_with_truth(tmp_path):
    write_dataset(tmp_path, "set", 1)
    (tmp_path / "set/truth").mkdir()
    np.savez(tmp_path / "set/truth/c000.npz", mask=np.ones((12, 32, 32), np.uint8))
    rgb = frames.extract("set", tmp_path, frames=4, size=16, workers=1)
    moved = flow.extract("set", tmp_path, "dis", 4, 16, workers=1)
    picture = look.clip("set", tmp_path, "c000", rgb, moved)
    assert picture.shape == (3 * 18, 9 * 18, 3)
    path = look.save(picture, tmp_path / "out" / "c000.png")
    assert (cv2.imread(str(path))[..., ::-1] == picture).all()
    assert [p.name for p in path.parent.iterdir()] == ["c000.png"]

import cv2
import numpy as np
import pytest
from clips import moving, write_dataset

from vidattn.data import contact_sheet
from vidattn.data.extract import flow, frames
from vidattn.data.files import folder_seal


def test_wheel_by_hand():
    vectors = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0.5, 0]], np.float32)
    colours = contact_sheet.wheel(vectors).tolist()
    assert colours[:3] == [[255, 255, 255], [255, 0, 0], [0, 255, 255]]
    assert colours[3] == [128, 255, 0] or np.abs(np.array(colours[3]) - [127, 255, 0]).max() < 3
    assert np.abs(np.array(colours[4]) - [255, 128, 128]).max() < 3


def test_sheet_has_a_place_for_every_picture():
    clip = moving(0, 12, side=16)
    still = np.full((11, 16, 16, 2), 128, np.uint8)
    mask = np.zeros((12, 16, 16), np.uint8)
    mask[:, 4:8] = 1
    picture = contact_sheet.sheet(clip, still, mask, columns=9)
    assert picture.shape == (6 * 18, 9 * 18, 3)
    assert (picture[:16, :16] == clip[0]).all()
    assert (picture[54:70, 18:34] == clip[10]).all()  # fourth row: the frames go on
    assert picture[18:34, :16].min() > 200  # hardly any flow is almost white
    assert picture[36 + 6, 8, 0] > picture[36 + 12, 8, 0]  # the mask stands out
    assert contact_sheet.sheet(clip).shape == (2 * 18, 9 * 18, 3)


def test_clip_from_the_stores_with_truth(tmp_path):
    write_dataset(tmp_path, "set", 1)
    (tmp_path / "set/truth").mkdir()
    np.savez(tmp_path / "set/truth/c000.npz", mask=np.ones((12, 32, 32), np.uint8))
    rgb = frames.extract("set", tmp_path, frames=4, size=16, workers=1)
    moved = flow.extract("set", tmp_path, "dis", 4, 16, workers=1)
    picture = contact_sheet.clip("set", tmp_path, "c000", rgb, moved)
    assert picture.shape == (3 * 18, 9 * 18, 3)
    path = contact_sheet.save(picture, tmp_path / "out" / "c000.png")
    assert (cv2.imread(str(path))[..., ::-1] == picture).all()
    assert [p.name for p in path.parent.iterdir()] == ["c000.png"]


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_truth_that_is_damaged_is_named(tmp_path, sealed, damage):
    write_dataset(tmp_path, "set", 1)
    path = tmp_path / "set/truth/c000.npz"
    path.parent.mkdir()
    np.savez(path, mask=np.ones((12, 32, 32), np.uint8))
    if sealed:
        folder_seal.write(path.parent)
    rgb = frames.extract("set", tmp_path, frames=4, size=16, workers=1)
    content = bytearray(path.read_bytes())
    content[1000] ^= 1  # inside the mask
    path.write_bytes(content if damage == "flipped" else content[:500])
    if damage == "gone":
        path.unlink()
    if damage == "gone" and not sealed:  # nobody knows that it was there
        assert contact_sheet.clip("set", tmp_path, "c000", rgb).shape == (18, 9 * 18, 3)
        return
    with pytest.raises(ValueError, match="c000.npz is .*damaged"):
        contact_sheet.clip("set", tmp_path, "c000", rgb)

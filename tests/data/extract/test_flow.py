import numpy as np
import pytest
from clips import moving, write_dataset

from vidattn.data.extract import flow
from vidattn.data.shards import format as shards


def test_quantise_by_hand():
    values = np.array([-25, -20, -10, 0, 10, 20, 99], np.float32)
    assert flow.quantise(values, 20).tolist() == [1, 1, 64, 128, 192, 255, 255]
    # -10/20*127+128 = 64.5, to the even neighbour; 10 gives 191.5
    back = flow.dequantise(np.array([1, 64, 128, 255], np.uint8), 20)
    assert np.allclose(back, [-20, -10.0787, 0, 20], atol=1e-4) and back[2] == 0
    grid = np.linspace(-20, 20, 1001, dtype=np.float32)
    assert np.abs(flow.dequantise(flow.quantise(grid, 20), 20) - grid).max() <= 20 / 254 + 1e-5


def test_stack_order_by_hand():
    clips = np.zeros((1, 4, 1, 1, 2), np.uint8)
    clips[0, :, 0, 0, 0] = [10, 20, 30, 40]  # x
    clips[0, :, 0, 0, 1] = [11, 21, 31, 41]  # y
    stacks = flow.stack(clips, 3)
    assert stacks.shape == (1, 2, 1, 1, 6)
    assert stacks[0, 0, 0, 0].tolist() == [10, 11, 20, 21, 30, 31]
    assert stacks[0, 1, 0, 0].tolist() == [20, 21, 30, 31, 40, 41]


def test_stack_counts_as_in_the_thesis():
    assert flow.stack(np.zeros((2, 24, 3, 3, 2)), 5).shape == (2, 20, 3, 3, 10)
    with pytest.raises(ValueError, match="stack of 25"):
        flow.stack(np.zeros((2, 24, 3, 3, 2)), 25)


@pytest.mark.parametrize("method", flow.METHODS)
def test_known_shift_comes_back(method):
    clip = moving(3, count=2, side=64, shift=(2, -1))
    settings = {"method": method, "definition": "consecutive"}
    inner = flow.compute(clip, settings)[0, 12:-12, 12:-12]
    assert np.abs(np.median(inner, axis=(0, 1)) - [2, -1]).max() < 0.15


def test_anchored_flow_grows_with_distance():
    clip = moving(3, count=4, side=48, shift=(1, 0))
    anchored = flow.compute(clip, {"method": "farneback", "definition": "anchored", "length": 2})
    assert anchored.shape == (2, 48, 48, 4)
    assert np.allclose(np.median(anchored[0, 12:-12, 12:-12], axis=(0, 1)), [1, 0, 2, 0], atol=0.15)


def test_identical_frames_give_no_flow():
    clip = np.repeat(moving(1, count=1), 2, axis=0)
    for method in flow.METHODS:
        assert np.abs(flow.compute(clip, {"method": method, "definition": "consecutive"})).max() < 20 / 255


def test_extract_stores_what_compute_gives(tmp_path):
    write_dataset(tmp_path, "set", 3)
    path = flow.extract("set", tmp_path, "dis", frames=6, size=32, bound=8, workers=1)
    store = shards.open(path)
    assert store.read(store.ids).shape == (3, 5, 32, 32, 2)
    frames = shards.open(next((tmp_path / "set" / "frames").iterdir()))
    settings = {"method": "dis", "definition": "consecutive", "preset": "medium"}
    expected = flow.quantise(flow.compute(frames.read(["c001"])[0], settings), 8)
    assert (store.read(["c001"])[0] == expected).all()
    assert store.versions["opencv"] and store.settings["bound"] == 8
    anchored = shards.open(flow.extract("set", tmp_path, "dis", 6, 32, "anchored", length=2, workers=1))
    assert anchored.path != path
    assert anchored.read(anchored.ids).shape == (3, 4, 32, 32, 4)


def test_settings_that_a_method_ignores_leave_its_key(tmp_path):
    write_dataset(tmp_path, "set", 1)
    one = flow.extract("set", tmp_path, "dis", 4, 32, warps=2, workers=1)
    two = flow.extract("set", tmp_path, "dis", 4, 32, warps=5, workers=1)
    assert one == two
    assert flow.extract("set", tmp_path, "dis", 4, 32, preset="fast", workers=1) != one


def test_unknown_names_list_the_valid_ones(tmp_path):
    with pytest.raises(ValueError, match="dis, farneback, tvl1"):
        flow.extract("set", tmp_path, "tvl")
    with pytest.raises(ValueError, match="anchored, both, consecutive"):
        flow.extract("set", tmp_path, definition="other")


def test_bidirectional_stack_by_hand():
    clips = np.zeros((1, 5, 1, 1, 4), np.uint8)
    clips[0, :, 0, 0] = [[10 * i, 10 * i + 1, 10 * i + 2, 10 * i + 3] for i in range(5)]
    stacks = flow.stack(clips, 4, "bidirectional")
    assert stacks.shape == (1, 2, 1, 1, 8)
    assert stacks[0, 0, 0, 0].tolist() == [20, 21, 30, 31, 12, 13, 2, 3]  # of frame 2
    assert stacks[0, 1, 0, 0].tolist() == [30, 31, 40, 41, 22, 23, 12, 13]
    with pytest.raises(ValueError, match="even length, not 3"):
        flow.stack(clips, 3, "bidirectional")
    with pytest.raises(ValueError, match="definition 'both'"):
        flow.stack(clips[..., :2], 4, "bidirectional")


def test_trajectory_stack_follows_the_pixel():
    clips = np.zeros((1, 3, 1, 6, 2), np.float32)
    clips[0, 0, ..., 0] = 2  # two to the right
    clips[0, 1, 0, :, 0] = [0, 1, 2, 3, 4, 5]
    clips[0, 2, 0, :, 0] = [5, 4, 3, 2, 1, 0]
    out = flow.stack(clips, 3, "trajectory")
    assert out.shape == (1, 1, 1, 6, 6)
    assert out[0, 0, 0, 0].tolist() == [2, 0, 2, 0, 1, 0]  # at 0, then at 2, then at 4
    assert out[0, 0, 0, 5].tolist() == [2, 0, 5, 0, 0, 0]  # beyond the edge the edge goes on
    still = flow.quantise(np.zeros((1, 4, 5, 5, 2)), 8)
    assert (flow.stack(still, 2, "trajectory", 8) == flow.stack(still, 2)).all()
    with pytest.raises(ValueError, match="bidirectional, trajectory"):
        flow.stack(still, 2, "other")


def test_flow_both_ways(tmp_path):
    write_dataset(tmp_path, "set", 1)
    store = shards.open(flow.extract("set", tmp_path, "farneback", 5, 32, "both", bound=4, workers=1))
    pixels = flow.dequantise(store.read(store.ids)[0, :, 8:-8, 8:-8], 4)
    assert pixels.shape == (4, 16, 16, 4)
    assert flow.stack(store.read(store.ids), 2).shape == (1, 3, 32, 32, 4)  # forward alone
    assert np.median(pixels[..., 0]) > 0.5 and np.median(pixels[..., 2]) < -0.5

import cv2
import numpy as np
import pytest
from clips import levels, write_video

from vidattn.data.extract import frames
from vidattn.data.media import decode, probe


def test_uniform_indices_by_hand():
    assert decode.uniform(10, 5).tolist() == [0, 2, 4, 6, 8]
    assert decode.uniform(82, 4).tolist() == [0, 20, 41, 61]  # floor of 0, 20.5, 41, 61.5
    assert decode.uniform(3, 5).tolist() == [0, 0, 1, 1, 2]  # floor of 0, .6, 1.2, 1.8, 2.4


def test_per_second_indices_by_hand():
    assert decode.per_second(82, 12.5).tolist() == [0, 13, 25, 38, 50, 63, 75]  # 12.5 rounds up
    assert decode.per_second(25, 25.0).tolist() == [0]
    assert decode.per_second(26, 25.0).tolist() == [0, 25]
    assert decode.per_second(300, 29.97, 3).tolist() == [0, 30, 60]


def test_window_indices_by_hand():
    times = np.arange(100) / 10  # ten seconds
    assert decode.window(times, 4, 4.0).tolist() == [30, 40, 50, 60]
    assert decode.window(times[:20], 4, 4.0).tolist() == [0, 5, 10, 15]  # all of a shorter clip
    assert decode.window(times[:1], 3, 4.0).tolist() == [0, 0, 0]
    assert decode.nearest(times, np.array([-1.0, 0.04, 0.06, 99.0])).tolist() == [0, 0, 1, 99]


def test_a_clip_whose_rate_varies_is_sampled_by_its_time_stamps(cases, tmp_path):
    """One second at 50 frames a second, then one frame a second until the ninth."""
    path = cases / "vfr.mp4"
    found = probe.probe(path)
    assert (found.frames, found.fps, found.status) == (59, 0.0, "ok")
    assert found.reason == "the frame rate varies: time stamps say when a frame is shown"
    source = frames.Source(path, found.frames, found.fps, found.digest)
    asked = {"sampling": "per_second", "frames": None}
    assert frames.indices(source, asked).tolist() == [0, *range(50, 59)]
    assert frames.indices(source, {**asked, "frames": 8}).tolist() == [0, *range(50, 57)]
    window = frames.indices(source, {"sampling": "window", "frames": 4, "seconds": 4.0})
    assert window.tolist() == [52, 53, 54, 55]  # of ten seconds the middle ones start at 3 - 6


def test_a_fixed_rate_is_one_even_where_the_last_time_stamp_is_missing(shared):
    for path in [
        *(shared / "ucf101_12/original_samples").glob("*.avi"),
        *(shared / "hmdb51_samples").rglob("*.avi"),
    ]:
        assert probe.probe(path).fps > 0


def test_a_video_without_time_is_refused(tmp_path):
    path = write_video(tmp_path / "one.avi", levels(1))
    with pytest.raises(decode.DecodeError, match="one.avi has neither a frame rate nor time stamps"):
        decode.stamps(path)


def test_read_gives_the_wanted_frames_in_rgb(tmp_path):
    frames = levels(20).copy()
    frames[..., 2] = 0  # no blue
    path = write_video(tmp_path / "über %03d.avi", frames)
    clip = decode.read(path, [0, 3, 3, 19])
    assert clip.shape == (4, 32, 32, 3) and clip.dtype == np.uint8
    assert np.abs(clip[..., 0].mean((1, 2)) - [5, 20, 20, 100]).max() < 3
    assert clip[3, ..., 2].mean() < 8
    assert (clip[1] == clip[2]).all()


def test_grab_and_retrieve_give_the_same_pixels_as_reading_all(tmp_path):
    path = write_video(tmp_path / "a.avi", levels(15))
    capture, all_frames = cv2.VideoCapture(str(path)), []
    while (frame := capture.read())[0]:
        all_frames.append(frame[1][..., ::-1])
    indices = decode.uniform(15, 6)
    assert (decode.read(path, indices) == np.stack(all_frames)[indices]).all()


def test_resize_is_by_area(tmp_path):
    path = write_video(tmp_path / "a.avi", levels(4, side=64))
    assert decode.read(path, [0, 1], size=16).shape == (2, 16, 16, 3)


def test_picture_is_a_clip_of_one_frame(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((8, 9, 3), (0, 0, 200), np.uint8))
    assert decode.read(tmp_path / "a.png", [0, 0])[1, 0, 0].tolist() == [200, 0, 0]
    with pytest.raises(decode.DecodeError, match="one frame"):
        decode.read(tmp_path / "a.png", [1])


def test_bad_clips_raise_one_clear_error(tmp_path):
    path = write_video(tmp_path / "a.avi", levels(5))
    with pytest.raises(decode.DecodeError, match=r"a.avi yields 5 frames; frame 9 is wanted"):
        decode.read(path, [0, 9])
    (tmp_path / "text.avi").write_text("not a video")
    (tmp_path / "empty.avi").touch()
    (tmp_path / "cut.avi").write_bytes(path.read_bytes()[:300])
    for name in ("text.avi", "empty.avi", "cut.avi", "gone.avi"):
        with pytest.raises(decode.DecodeError, match=name):
            decode.read(tmp_path / name, [0])
    with pytest.raises(decode.DecodeError, match="none"):
        decode.read(path, [])


def test_flipped_bytes_never_crash(tmp_path):
    whole = write_video(tmp_path / "a.avi", levels(8)).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(20):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), 30):
            data[at] = rng.integers(256)
        (tmp_path / "b.avi").write_bytes(bytes(data))
        try:
            assert decode.read(tmp_path / "b.avi", range(8), 16).shape == (8, 16, 16, 3)
        except decode.DecodeError as error:
            assert "b.avi" in str(error)


def test_a_frame_size_that_changes_midway_is_an_error_or_resized(tmp_path, monkeypatch):
    sizes = [np.zeros((8, 8, 3), np.uint8), np.zeros((6, 8, 3), np.uint8)]
    monkeypatch.setattr(decode, "_select", lambda path, targets: enumerate(sizes))
    path = write_video(tmp_path / "a.avi", levels(3))
    with pytest.raises(decode.DecodeError, match="changes its frame size"):
        decode.read(path, [0, 1])
    assert decode.read(path, [0, 1], 4).shape == (2, 4, 4, 3)


def test_indices_in_any_order_give_their_frames(tmp_path):
    path = write_video(tmp_path / "a.avi", levels(6, step=20))
    whole = decode.read(path, range(6))
    assert (decode.read(path, [4, 0, 4, 2]) == whole[[4, 0, 4, 2]]).all()


def test_choices_of_one_pass_are_those_of_passes_of_their_own(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.avi", levels(12, step=20))
    wants = [([0, 5, 5, 11], None), ([5, 6], 16), ([0, 6], 16), ([2, 12], 8), ([], 8), ([3, 14], None)]
    passes = []
    select = decode._select
    monkeypatch.setattr(decode, "_select", lambda *a: passes.append(a) or select(*a))
    together = decode.read_several(path, wants)
    assert len(passes) == 1
    for (indices, size), clip in zip(wants, together):
        if isinstance(clip, decode.DecodeError):
            with pytest.raises(decode.DecodeError) as alone:
                decode.read(path, indices, size)
            assert str(alone.value) == str(clip)
        else:
            assert (decode.read(path, indices, size) == clip).all()
    assert [isinstance(clip, decode.DecodeError) for clip in together] == [False] * 3 + [True] * 3


def test_a_frame_that_cannot_be_decoded_ends_only_the_choices_that_want_it(tmp_path, monkeypatch):
    some = [(0, np.zeros((8, 8, 3), np.uint8)), (1, None), (2, np.ones((8, 8, 3), np.uint8))]
    monkeypatch.setattr(decode, "_select", lambda path, targets: iter(some))
    (tmp_path / "a.avi").touch()
    bad, good = decode.read_several(tmp_path / "a.avi", [([0, 1, 2], None), ([0, 2], None)])
    assert "frame, 1, that cannot be decoded" in str(bad) and good[:, 0, 0, 0].tolist() == [0, 1]


def test_choices_of_a_picture_and_of_nothing(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((8, 9, 3), 7, np.uint8))
    one, two = decode.read_several(tmp_path / "a.png", [([0, 0], 4), ([0, 1], 4)])
    assert one.shape == (2, 4, 4, 3) and "one frame" in str(two)
    gone, none = decode.read_several(tmp_path / "b.png", [([0], 4), ([], 4)])
    assert "missing" in str(gone) and "none" in str(none)

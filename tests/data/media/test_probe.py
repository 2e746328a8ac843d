"""Bad files: each is quarantined with a reason or used as far as it decodes; none crashes or hangs."""

import os
import re
import shutil
import struct
import zlib

import cv2
import numpy as np
import pytest

from vidattn.data.acquire import download
from vidattn.data.batches import folds
from vidattn.data.extract import frames
from vidattn.data.index import manifest
from vidattn.data.media import pictures
from vidattn.data.media.probe import Probe, digest, probe, probe_all


def video(path, frames=20, size=(32, 24), codec="MJPG", fps=10, by=cv2.CAP_FFMPEG):
    path.parent.mkdir(parents=True, exist_ok=True)
    ascii_path = path.parent / f"plain{path.suffix}"
    writer = cv2.VideoWriter(str(ascii_path), by, cv2.VideoWriter_fourcc(*codec), fps, size)
    rng = np.random.default_rng(0)
    for _ in range(frames):
        writer.write(rng.integers(0, 256, (size[1], size[0], 3), np.uint8))
    writer.release()
    ascii_path.rename(path)
    return path


def test_what_a_good_clip_says(tmp_path):
    path = video(tmp_path / "a.avi")
    assert probe(path) == Probe(20, 10.0, 32, 24, digest(path), "ok", "")
    assert probe(path, digest(path)).status == "ok"


@pytest.mark.parametrize("name", ["Überraschung – 日本.avi", "a b!+(1)[x];&.avi", "-dash.avi", "%20d.avi"])
def test_odd_names_are_read(tmp_path, name):
    assert probe(video(tmp_path / name)).frames == 20


@pytest.mark.parametrize("size", [(33, 24), (32, 25), (31, 17)])
def test_odd_dimensions_are_read(tmp_path, size):
    found = probe(video(tmp_path / "a.avi", size=size, by=cv2.CAP_OPENCV_MJPEG))
    assert (found.width, found.height, found.frames) == (*size, 20)


def test_one_frame_is_a_clip(tmp_path):
    assert probe(video(tmp_path / "a.avi", frames=1)).frames == 1


@pytest.mark.parametrize("codec, suffix", [("MJPG", ".avi"), ("XVID", ".avi"), ("mp4v", ".mp4")])
def test_containers(tmp_path, codec, suffix):
    assert probe(video(tmp_path / f"a{suffix}", codec=codec)).frames == 20


def test_a_header_that_lies_does_not_change_the_count(tmp_path):
    path = video(tmp_path / "a.avi")
    data = bytearray(path.read_bytes())
    main, stream = data.index(b"avih") + 8 + 16, data.index(b"strh") + 8 + 32
    for place in (main, stream):
        assert struct.unpack_from("<I", data, place) == (20,)
        struct.pack_into("<I", data, place, 5000)
    path.write_bytes(data)
    found = probe(path)
    assert (found.frames, found.status) == (20, "ok")


@pytest.mark.parametrize(
    "make, reason",
    [
        (lambda path: None, "missing"),
        (lambda path: path.mkdir(), "missing"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_text("not a video\n" * 100), "not a video"),
        (lambda path: path.write_bytes(bytes(50_000)), "not a video"),
        (lambda path: path.write_bytes(video(path).read_bytes()[:40]), "not a video"),
        (lambda path: video(path, frames=0), "(no frame|not a video)"),
    ],
)
def test_bad_files_are_quarantined_with_the_reason(tmp_path, make, reason):
    path = tmp_path / "a.avi"
    make(path)
    found = probe(path)
    assert found.status == "quarantined" and found.frames == 0
    assert re.search(reason, found.reason)


def test_other_bytes_than_the_list_states_are_quarantined(tmp_path):
    found = probe(video(tmp_path / "a.avi"), "0" * 64)
    assert found.status == "quarantined" and "the list says 000000000000" in found.reason


def _die(path, expected):
    if "kill" in path.name:
        os.abort()
    return probe(path, expected)


def test_a_decoder_that_crashes_costs_one_clip(tmp_path, monkeypatch):
    """The pool breaks; every clip that was still to come is probed in a process of its own."""
    jobs = [(video(tmp_path / f"{i}.avi", frames=3), "") for i in range(17)]
    jobs[5] = (video(tmp_path / "kill.avi", frames=3), "")
    monkeypatch.setattr("vidattn.data.media.probe.probe", _die)
    found = dict(probe_all(jobs, workers=2))
    assert len(found) == 17
    assert found[5].reason == "the decoder crashed"
    assert all(found[i].frames == 3 for i in range(17) if i != 5)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    some = {"groups": 3, "clips_per_group": 2, "size": 32, "frames": 16, "classes": ["raise", "lower"]}
    download.fetch("actors", folder, some)
    manifest.build("actors", folder, workers=1)
    return folder


def test_bad_clips_leave_the_other_rows_alone_and_are_counted(store, tmp_path):
    shutil.copytree(store / "actors", tmp_path / "actors")
    before = manifest.read("actors", tmp_path)
    (tmp_path / "actors" / before["path"][0]).unlink()
    (tmp_path / "actors" / before["path"][3]).write_text("text")
    after = manifest.build("actors", tmp_path, workers=1)
    assert list(after["status"][[0, 3]]) == ["quarantined"] * 2
    rest = after["status"] == "ok"
    assert after[rest].equals(before[rest]) and rest.sum() == 10
    for number in (1, 2, 3):
        whole, less = (
            folds.fold("actors", store, number=number),
            folds.fold("actors", tmp_path, number=number),
        )
        assert less.official == whole.official == {"train": 8, "test": 4}
        assert set(less.test) == set(whole.test) - set(before["clip"][[0, 3]])
    assert sum(folds.fold("actors", tmp_path, number=n).quarantined["test"] for n in (1, 2, 3)) == 2


def test_probing_goes_on_where_it_was_killed(store, tmp_path, monkeypatch):
    shutil.copytree(store / "actors", tmp_path / "actors")
    home, asked = tmp_path / "actors", []
    whole = manifest.build("actors", tmp_path, workers=1)  # a copy's files are others: all are probed
    lines = (home / ".probed.jsonl").read_text().splitlines(True)[12:]
    changed = [line.replace('"frames": 16', '"frames": 15') for line in lines[6:7]]
    (home / ".probed.jsonl").write_text("".join([*lines[:6], *changed, "[]\n", lines[7][:50]]))
    (home / "index.csv").unlink()
    real = manifest.probe_all
    monkeypatch.setattr(
        manifest, "probe_all", lambda jobs, workers: asked.extend(jobs) or real(jobs, workers)
    )
    assert manifest.build("actors", tmp_path, workers=1).equals(whole)
    assert len(asked) == 12 - 6


def test_a_changed_bit_under_the_old_time_is_probed_again_and_told(store, tmp_path, capsys):
    shutil.copytree(store / "actors", tmp_path / "actors")
    clip = manifest.build("actors", tmp_path, workers=1)["path"][0]
    path, state = tmp_path / "actors" / clip, (tmp_path / "actors" / clip).stat()
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    capsys.readouterr()
    found = manifest.build("actors", tmp_path, workers=1)
    assert f"indexed before: {found['clip'][0]}. What is made from it" in capsys.readouterr().err
    assert found["digest"][0] == digest(path) != manifest.read("actors", store)["digest"][0]


def test_an_index_that_was_changed_is_refused(store, tmp_path):
    shutil.copytree(store / "actors", tmp_path / "actors")
    index = tmp_path / "actors/index.csv"
    index.write_text(index.read_text().replace("raise", "lower", 1))
    for read in (manifest.read, frames.usable):
        with pytest.raises(ValueError, match="index.csv is damaged.*vidattn data index actors"):
            read("actors", tmp_path)
    assert manifest.build("actors", tmp_path).equals(manifest.read("actors", tmp_path))


@pytest.mark.parametrize("content", [b"{", b"\xff"])
def test_a_damaged_note_of_what_was_generated_is_named(store, tmp_path, content):
    shutil.copytree(store / "actors", tmp_path / "actors")
    (tmp_path / "actors/settings.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"settings\.json.* is damaged.*vidattn data fetch actors"):
        manifest.build("actors", tmp_path)
    if content == b"\xff":  # other text is made anew
        with pytest.raises(ValueError, match=r"settings\.json.*Delete it, then: vidattn data fetch actors"):
            download.fetch("actors", tmp_path, {})


def test_a_picture_of_a_billion_pixels_is_not_decoded(tmp_path):
    """Its file has 76 kB; decoded, it takes gigabytes."""
    row = zlib.compress(bytes(1 + 25_000 // 8) * 25_000)
    head = struct.pack(">IIBBBBB", 25_000, 25_000, 1, 0, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), chunk(b"IDAT", row), chunk(b"IEND", b"")]
    (tmp_path / "large.png").write_bytes(b"".join(parts))
    found = pictures.probe(tmp_path, "large.png")
    assert found.status == "quarantined" and "more than 67108864 pixels" in found.reason
    (tmp_path / "text.png").write_text("text")
    assert pictures.probe(tmp_path, "text.png").reason == "not a picture that can be decoded"


def test_an_index_that_is_not_there_says_how_to_make_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="vidattn data index actors"):
        manifest.read("actors", tmp_path)
    with pytest.raises(ValueError, match="Did you mean 'actors'"):
        manifest.read("actor", tmp_path)

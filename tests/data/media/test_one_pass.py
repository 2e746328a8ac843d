"""Stores that are made together, in one decode pass, are those that are made alone, byte by byte."""

import hashlib
import random
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from clips import change_row, levels, write_dataset, write_video

from vidattn.data.extract import frames
from vidattn.data.media import decode
from vidattn.data.shards import format as shards

WANTED = [
    {"sampling": "uniform", "frames": 8, "size": 16},
    {"sampling": "per_second", "frames": None, "size": 16},
    {"sampling": "uniform", "frames": 4, "size": 24, "container": "webp"},
    {"sampling": "uniform", "frames": 25, "size": 16},
]


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def times(folder: Path) -> dict[str, int]:
    return {p.name: p.stat().st_mtime_ns for p in sorted(folder.iterdir())}


def data_set(store: Path) -> None:
    """19 clips, three shards; one ends early, two are text, one has neither rate nor time."""
    write_dataset(store, "set", 19, frames=23)
    raw = store / "set/raw"
    for clip in ("c001", "c012"):
        (raw / f"{clip}.avi").write_text("text")
        change_row(store, "set", clip, digest=None)
    index = store / "set/index.csv"
    text = index.read_text().replace("raw/c005.avi,25,", "raw/c005.avi,40,")  # the header lies
    write_video(raw / "c009.avi", levels(1))
    index.write_text(text.replace("raw/c009.avi,23,10.0", "raw/c009.avi,1,0.0"))
    change_row(store, "set", "c009", digest=None)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    store = tmp_path_factory.mktemp("alone")
    data_set(store)
    return store, [frames.extract("set", store, **settings, workers=1) for settings in WANTED]


def copied(alone: Path, store: Path) -> Path:
    (store / "set").mkdir(parents=True)
    (store / "set/raw").symlink_to(alone / "set/raw")
    (store / "set/index.csv").write_bytes((alone / "set/index.csv").read_bytes())
    return store


@pytest.mark.parametrize("workers", [1, 2])
def test_stores_made_together_are_those_made_alone(alone, tmp_path, workers):
    store, paths = copied(alone[0], tmp_path), alone[1]
    made = frames.extract_all("set", store, WANTED, workers=workers)
    assert [path.relative_to(store) for path in made] == [path.relative_to(alone[0]) for path in paths]
    assert [digests(path) for path in made] == [digests(path) for path in paths]


def test_a_bad_clip_is_listed_in_each_store_that_fails_to_get_it(alone, tmp_path):
    made = frames.extract_all("set", copied(alone[0], tmp_path), WANTED, workers=1)
    failed = [set(shards.open(path).failed) for path in made]
    both = {"c001", "c005", "c012"}
    assert failed == [both, both | {"c009"}, both, both]
    assert "frame 35 is wanted" in shards.open(made[0]).failed["c005"]
    assert "frame 30 is wanted" in shards.open(made[1]).failed["c005"]


def test_every_clip_is_opened_once_for_all_stores(alone, tmp_path, monkeypatch):
    opened, select = [], decode._select
    monkeypatch.setattr(decode, "_select", lambda path, at: opened.append(path.name) or select(path, at))
    store = copied(alone[0], tmp_path)
    frames.extract_all("set", store, WANTED, workers=1)
    assert sorted(opened) == sorted(f"c{n:03d}.avi" for n in range(19))
    opened.clear()
    frames.extract_all("set", store, WANTED, workers=1)
    assert not opened


def test_what_is_there_stays_and_what_is_half_there_is_completed(alone, tmp_path):
    store, paths = copied(alone[0], tmp_path), alone[1]
    whole = frames.extract("set", store, **WANTED[0], workers=1)
    half = frames.extract("set", store, **WANTED[1], workers=1)
    for name in ("index.json", "00001.json", "00002.npy"):
        (half / name).unlink()
    (half / ".00002.17-ab.part.npy").write_text("of a run that was killed")
    before, kept = times(whole), times(half)["00000.npy"]
    made = frames.extract_all("set", store, WANTED, workers=1)
    assert [digests(path) for path in made] == [digests(path) for path in paths]
    assert times(whole) == before and times(half)["00000.npy"] == kept


RUN = (
    "import sys\n"
    "from vidattn.data.extract import frames\n"
    "if __name__ == '__main__':\n"
    f"    frames.extract_all('set', sys.argv[1], {WANTED}, workers=1)\n"
)


def test_a_pass_that_is_killed_ends_in_the_same_bytes(alone, tmp_path):
    (tmp_path / "run.py").write_text(RUN)
    moments = random.Random(3)
    for number in range(3):
        store = copied(alone[0], tmp_path / f"cut{number}")
        process = subprocess.Popen([sys.executable, tmp_path / "run.py", store], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not (store / "set/frames").exists() and time.monotonic() < until and process.poll() is None:
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.15))
        process.kill()
        process.wait()
        made = frames.extract_all("set", store, WANTED, workers=1)
        assert [digests(path) for path in made] == [digests(path) for path in alone[1]]


def test_a_store_without_any_clip_is_an_error_and_leaves_the_others_good(tmp_path, monkeypatch):
    write_dataset(tmp_path, "set", 3)
    index = tmp_path / "set/index.csv"
    index.write_text(index.read_text().replace(",10.0,", ",0.0,"))
    monkeypatch.setattr(cv2, "CAP_PROP_POS_MSEC", cv2.CAP_PROP_POS_AVI_RATIO + 1000)  # no time stamps either
    with pytest.raises(ValueError, match="No clip could be extracted into .*per_second-all-16.*frame rate"):
        frames.extract_all("set", tmp_path, WANTED[:3], workers=1)
    for settings in (WANTED[0], WANTED[2]):
        assert len(shards.open(frames.path("set", tmp_path, **settings))) == 3

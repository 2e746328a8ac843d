import hashlib
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import change_row, moving, write_dataset, write_video

from vidattn.data.extract import flow, frames
from vidattn.data.shards import format as shards
from vidattn.data.shards import packing


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_place_leaves_nothing_when_filling_fails(tmp_path):
    def fail(file):
        file.write(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        shards.place(tmp_path / "a", fail)
    assert not (tmp_path / "a").exists()


def test_read_in_any_order_across_shards(tmp_path):
    write_dataset(tmp_path, "set", 11)  # two shards
    store = shards.open(frames.extract("set", tmp_path, frames=4, size=16, workers=1))
    whole = store.read(store.ids)
    assert whole.shape == (11, 4, 16, 16, 3) and whole.dtype == np.uint8
    order = [9, 0, 10, 3, 3]
    assert (store.read([store.ids[i] for i in order]) == whole[order]).all()
    assert store.lengths.tolist() == [4] * 11
    with pytest.raises(KeyError, match="Did you mean 'c001'"):
        store.read(["c001x"])


def test_ragged_store_pads_and_masks(tmp_path):
    write_dataset(tmp_path, "set", 11, frames=21)  # 10 fps; 21, 22 or 23 frames: 3 samples
    table = (tmp_path / "set" / "index.csv").read_text().replace("raw/c002.avi,23", "raw/c002.avi,9")
    (tmp_path / "set" / "index.csv").write_text(table)  # one sample
    store = shards.open(frames.extract("set", tmp_path, "per_second", None, 16, workers=1))
    assert store.lengths.tolist() == [3, 3, 1] + [3] * 8
    clips = store.read(["c009", "c002"], frames=4)
    assert clips.shape == (2, 4, 16, 16, 3)
    assert store.mask(["c009", "c002"], 4).tolist() == [[True] * 3 + [False], [True] + [False] * 3]
    assert clips[1, 0].any() and not clips[1, 1:].any() and not clips[0, 3].any()
    assert (store.read(["c009"], 2)[0] == clips[0, :2]).all()


def test_bytes_do_not_depend_on_the_number_of_workers(tmp_path):
    for name in ("one", "two"):
        write_dataset(tmp_path / name, "set", 18)
    one = flow.extract("set", tmp_path / "one", "dis", 4, 16, workers=1)
    two = flow.extract("set", tmp_path / "two", "dis", 4, 16, workers=2)
    assert digests(one) == digests(two)


def test_second_call_does_no_work_and_a_changed_clip_remakes_its_shard_only(tmp_path):
    write_dataset(tmp_path, "set", 11)
    path = frames.extract("set", tmp_path, frames=4, size=16, workers=1)
    before = {p.name: p.stat().st_mtime_ns for p in path.iterdir()}
    frames.extract("set", tmp_path, frames=4, size=16, workers=1)
    assert before == {p.name: p.stat().st_mtime_ns for p in path.iterdir()}
    (path / "00000.npy").unlink()
    assert frames.extract("set", tmp_path, frames=4, size=16, workers=1) == path
    before["00000.npy"] = (path / "00000.npy").stat().st_mtime_ns  # made again
    write_video(tmp_path / "set/raw/c010.avi", moving(99))
    change_row(tmp_path, "set", "c010", digest=None, frames=12)
    frames.extract("set", tmp_path, frames=4, size=16, workers=1)
    after = {p.name: p.stat().st_mtime_ns for p in path.iterdir()}
    assert after["00000.npy"] == before["00000.npy"] and after["00001.npy"] != before["00001.npy"]
    index = tmp_path / "set" / "index.csv"
    index.write_text("\n".join(index.read_text().splitlines()[:4]) + "\n")
    frames.extract("set", tmp_path, frames=4, size=16, workers=1)
    assert sorted(digests(path)) == ["00000.json", "00000.npy", "index.json"]


def test_bad_clip_is_left_out_with_its_reason_and_changes_no_other(tmp_path):
    write_dataset(tmp_path / "good", "set", 5)
    write_dataset(tmp_path / "bad", "set", 5)
    for clip in ("c001", "c004"):
        (tmp_path / f"bad/set/raw/{clip}.avi").write_bytes(b"RIFF")
        change_row(tmp_path / "bad", "set", clip, digest=None)
    good = shards.open(frames.extract("set", tmp_path / "good", frames=4, size=16, workers=1))
    bad = shards.open(frames.extract("set", tmp_path / "bad", frames=4, size=16, workers=1))
    assert bad.ids == ("c000", "c002", "c003") and set(bad.failed) == {"c001", "c004"}
    assert "yields 0 frames" in bad.failed["c004"] and str(tmp_path) not in json.dumps(bad.failed)
    assert (bad.read(bad.ids) == good.read(bad.ids)).all()
    with pytest.raises(KeyError, match="could not be extracted"):
        bad.read(["c001"])


def test_quarantined_rows_are_not_read_and_no_row_is_an_error(tmp_path):
    write_dataset(tmp_path, "set", 2)
    change_row(tmp_path, "set", "c000", status="quarantined")
    assert shards.open(frames.extract("set", tmp_path, frames=2, size=16, workers=1)).ids == ("c001",)
    change_row(tmp_path, "set", "c001", status="quarantined")
    with pytest.raises(ValueError, match="No usable clip"):
        frames.extract("set", tmp_path, frames=2, size=16, workers=1)
    with pytest.raises(FileNotFoundError, match="index stage"):
        frames.extract("other", tmp_path)


def test_unfinished_store_cannot_be_opened(tmp_path):
    write_dataset(tmp_path, "set", 2)
    path = frames.extract("set", tmp_path, frames=2, size=16, workers=1)
    (path / "index.json").unlink()
    with pytest.raises(FileNotFoundError, match="run its extraction again"):
        shards.open(path)


RUN = (
    "import sys\n"
    "from vidattn.data.extract import flow\n"
    "if __name__ == '__main__':\n"
    "    flow.extract('set', sys.argv[1], 'farneback', 8, 48, workers=int(sys.argv[2]))\n"
)


def kill_and_resume(tmp_path: Path, moments: int) -> None:
    """Kills an extraction at seeded moments and resumes it; compares with one that was left alone."""
    write_dataset(tmp_path / "whole", "set", 40, side=48)
    (tmp_path / "run.py").write_text(RUN)
    start = time.monotonic()
    expected = digests(flow.extract("set", tmp_path / "whole", "farneback", 8, 48, workers=1))
    seconds, random_moment = time.monotonic() - start, random.Random(7)
    for number in range(moments):
        target = tmp_path / f"cut{number}"
        (target / "set").mkdir(parents=True)
        (target / "set/raw").symlink_to(tmp_path / "whole/set/raw")
        (target / "set/index.csv").write_bytes((tmp_path / "whole/set/index.csv").read_bytes())
        kill(target, workers=2 if number % 4 == 0 else 1, delay=random_moment.uniform(0, 1.2 * seconds))
        assert digests(flow.extract("set", target, "farneback", 8, 48, workers=1)) == expected


def kill(target: Path, workers: int, delay: float) -> None:
    """Starts an extraction and kills it (its parent process only) some time after its imports."""
    command = [sys.executable, str(target.parent / "run.py"), str(target), str(workers)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (target / "set/frames").exists() and time.monotonic() < until and process.poll() is None:
        time.sleep(0.005)
    time.sleep(delay)
    process.kill()
    process.wait()


@pytest.mark.parametrize("moments", [6, pytest.param(20, marks=pytest.mark.battery)])
def test_extraction_that_is_killed_resumes_to_the_same_bytes(tmp_path, moments):
    kill_and_resume(tmp_path, moments)


@pytest.mark.parametrize(
    "shape", [(7, 9, 11, 2), (7, 9, 11, 3), (5, 6, 7, 10), (1, 6, 7, 1), (40, 600, 5, 2)]
)
def test_packing_loses_nothing(shape):
    clip = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    parts = [np.frombuffer(part, np.uint8) for part in packing.pack(clip)]
    assert (packing.unpack(parts, shape[1:]) == clip).all()
    assert len(parts) == (2 if shape[1] == 600 else 1)  # 27 frames of 600 rows fit


def test_packed_store_reads_as_the_plain_one(tmp_path):
    write_dataset(tmp_path, "set", 11)
    for sampling, count in (("uniform", 4), ("per_second", None)):
        plain, packed = (
            shards.open(frames.extract("set", tmp_path, sampling, count, 16, workers=1, container=container))
            for container in ("npy", "webp")
        )
        assert plain.path != packed.path
        ids = plain.ids[::-2]
        assert (plain.read(ids, 3) == packed.read(ids, 3)).all()
    with pytest.raises(ValueError, match="npy, webp"):
        frames.extract("set", tmp_path, container="png")


def test_tiles_of_a_mosaic_are_clips_of_one_frame(tmp_path):
    pytest.importorskip("vidattn.data.media.pictures")
    mosaic = np.random.default_rng(0).integers(0, 256, (8, 16, 3)).astype(np.uint8)
    (tmp_path / "set").mkdir()
    cv2.imwrite(str(tmp_path / "set/m.png"), mosaic[..., ::-1])
    head = "clip,label,group,path,frames,fps,width,height,digest,status,reason\n"
    tiles = [hashlib.sha256(mosaic[:, i * 8 : i * 8 + 8].tobytes()).hexdigest() for i in range(2)]
    rows = [f"t{i},k,,m.png#8:{i},1,0.0,8,8,{tile},ok,\n" for i, tile in enumerate(tiles)]
    (tmp_path / "set/index.csv").write_text(head + "".join(rows))
    store = shards.open(frames.extract("set", tmp_path, frames=1, size=8, workers=1))
    assert (store.read(["t1", "t0"])[:, 0] == np.stack([mosaic[:, 8:], mosaic[:, :8]])).all()
    cv2.imwrite(str(tmp_path / "set/m.png"), mosaic[::-1, :, ::-1])
    with pytest.raises(ValueError, match="m.png#8:0 has other pixels since it was indexed"):
        frames.extract("set", tmp_path, frames=2, size=8, workers=1)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_clip_that_is_not_the_indexed_one_is_refused_by_name(tmp_path, workers):
    """A flipped bit often decodes; and a clip that is away for a day must not be missing for good."""
    write_dataset(tmp_path, "set", 11)
    path = tmp_path / "set/raw/c009.avi"
    whole = path.read_bytes()
    path.write_bytes(whole[:1500] + bytes([whole[1500] ^ 1]) + whole[1501:])
    with pytest.raises(ValueError, match="c009.avi has other bytes since.*vidattn data index set"):
        frames.extract("set", tmp_path, frames=4, size=16, workers=workers)
    path.unlink()
    with pytest.raises(ValueError, match="c009.avi is missing since"):
        frames.extract("set", tmp_path, frames=4, size=16, workers=workers)
    path.write_bytes(whole)
    store = shards.open(frames.extract("set", tmp_path, frames=4, size=16, workers=workers))
    assert len(store) == 11 and not store.failed

"""A clip, or picture, is damaged: it is excluded with a reason, or every frame that is stored was decoded."""

import random
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from clips import DAMAGE, corrupt, moving, write_video

from faults import growth, judge
from faults.case import Case
from faults.judge import Verdict
from vidattn.data.extract import frames
from vidattn.data.files import seal
from vidattn.data.media import probe
from vidattn.data.shards import format as shards

SHARE = 20
COUNT, SIDE, WANTED, SIZE = 12, 32, 4, 16
CODECS = {".avi": "MJPG", ".mp4": "mp4v", ".mkv": "MJPG", ".mov": "mp4v"}
HEAD = 400  # bytes in which a file says what it is


def inject(case: Case) -> Verdict:
    """Index and extract it beside a whole one; perhaps it is damaged between the two."""
    draw, home = case.random, case.work / "set"
    suffix = draw.choice(list(CODECS))
    (home / "raw").mkdir(parents=True)
    write_video(home / "raw/whole.avi", moving(1, COUNT, SIDE))
    path = home / f"raw/bad{suffix}"
    _film(path, moving(draw.randrange(99), COUNT, SIDE))
    late, content = draw.random() < 0.2, _damaged(path.read_bytes(), draw)
    if not late:
        path.write_bytes(content)
    done = case.fork(growth.watched(lambda: stored(case.work, path, content if late else None)))
    verdict = Verdict()
    verdict.notes.append(f"{path.name}, {'late' if late else 'early'}")
    well = judge.ended(verdict, done, [path.name])
    if grown := growth.excess(done.text):
        verdict.add("unclear", grown)
    if well:
        _look(verdict, home, path)
    return verdict


def _film(path: Path, clip: np.ndarray) -> None:
    coder = cv2.VideoWriter_fourcc(*CODECS[path.suffix])
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, coder, 10.0, (SIDE, SIDE))
    for frame in clip:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()


def _damaged(content: bytes, draw: random.Random) -> bytes:
    """Damage anywhere, or to the head, where sizes and counts stand."""
    kind = draw.choice(DAMAGE)
    if kind == "flipped" and draw.random() < 0.6:
        data = bytearray(content)
        for _ in range(draw.randint(1, 12)):
            data[draw.randrange(min(HEAD, len(data)))] ^= 1 << draw.randrange(8)
        return bytes(data)
    return corrupt(content, kind, draw)


def stored(store: Path, path: Path, late: bytes | None) -> None:
    """Probe both clips, write the index, extract frames; errors as the command line has them."""
    rows = []
    for file in sorted(path.parent.iterdir()):
        found = probe.probe(file)
        row = {"clip": file.stem, "label": "a", "group": "g", "path": f"raw/{file.name}"}
        rows.append({**row, **vars(found)})
    seal.write(store / "set/index.csv", pd.DataFrame(rows).to_csv(index=False))
    if late is not None:
        path.write_bytes(late)
    try:
        frames.extract("set", store, frames=WANTED, size=SIZE, workers=1)
    except (ValueError, OSError) as error:
        raise SystemExit(f"vidattn: {error}") from None


def _look(verdict: Verdict, home: Path, path: Path) -> None:
    """What stands in index and store, against a count of the frames by another reader."""
    index = pd.read_csv(home / "index.csv", keep_default_na=False).set_index("clip")
    row, store = index.loc["bad"], shards.open(next((home / "frames").iterdir()))
    if "whole" not in store.ids or index.loc["whole", "status"] != "ok":
        verdict.add("lost", "the whole clip beside it is not there")
    if row["status"] != "ok":
        verdict.add("refused" if row["reason"] else "wrong", "" if row["reason"] else "no reason is told")
        return
    if row["frames"] < COUNT and not row["reason"]:
        verdict.add("wrong", f"{row['frames']} of {COUNT} frames, and no word of it")
    if "bad" not in store.ids:
        verdict.add("refused" if "bad" in store.failed else "lost")
    elif len(store.read(["bad"])[0]) != WANTED:
        verdict.add("wrong", "fewer frames are stored than were asked for")

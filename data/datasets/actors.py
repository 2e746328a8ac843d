"""The embedded, generated, diagnostic data set: articulated figures before cluttered, moving backgrounds.

Written as MJPG AVI files, so that everything after it runs exactly as for recorded videos. Clips come in
groups that share person, background and light; the official folds hold whole groups out. What the classes are
made for is described in `vidattn.data.actors.actions`.

Ground truth, `truth/<clip>.npz`: `mask` (T, H, W) uint8, the actor with what they hold; `informative` (T,)
bool; `flow` (T-1, H, W, 2) float16, the displacement in pixels of what is seen at a pixel of frame t. It is
exact at pixel centres for background, objects and limbs (float16 rounds to 0.004 px or better below 8 px); a
pixel on an outline has the motion of the part that covers at least half of it, and pixels that are hidden in
frame t+1 are not marked.
"""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from vidattn.data.actors.actions import CLASSES, pair
from vidattn.data.actors.scene import Scene, scene, shoot
from vidattn.data.datasets import Dataset, Item, Sides
from vidattn.data.files import atomic, pool
from vidattn.data.files.names import unknown

FOLDS = 3
FPS = 12.0  # OpenCV's MJPG writer keeps whole numbers only
SMALL = 64  # clips below which more processes do not pay
VERSION = 3  # raise it when the same settings give other pictures


@dataclass(frozen=True)
class Settings:
    """What the set is made of; every field may be set in params.yaml."""

    classes: tuple[str, ...] = CLASSES
    groups: int = 12
    clips_per_group: int = 2
    size: int = 64
    frames: int = 32
    seed: int = 0
    clutter: int = 24
    distractors: int = 3


def settings(params: dict) -> Settings:
    """Checks the parameters; an unknown key or class raises with the nearest valid one."""
    valid = [field.name for field in fields(Settings)]
    _known(params, valid, "parameter")
    classes = tuple(sorted(params.get("classes") or CLASSES))
    _known(classes, CLASSES, "class")
    found = Settings(**{**params, "classes": classes})
    if found.groups < FOLDS or found.clips_per_group < 1 or found.frames < 16 or found.size < 32:
        raise ValueError(
            f"actors needs groups >= {FOLDS}, clips_per_group >= 1, frames >= 16 and size >= 32, got {found}."
        )
    return found


def _known(given, valid, what: str) -> None:
    for name in given:
        if name not in valid:
            raise ValueError(f"actors: {unknown(what, name, valid)}")


def generate(home: Path, params: dict) -> None:
    """Writes all clips and their truth; `settings.json`, written last, says that they are complete."""
    wanted = settings(params)
    stamp, text = home / "settings.json", json.dumps({"version": VERSION, **asdict(wanted)}, indent=1) + "\n"
    if stamp.exists() and stamp.read_text() == text:
        return
    for folder in ("raw", "truth"):
        shutil.rmtree(home / folder, ignore_errors=True)
    stamp.unlink(missing_ok=True)
    jobs = [(home, wanted, group) for group in range(1, wanted.groups + 1)]
    clips = len(wanted.classes) * wanted.groups * wanted.clips_per_group
    with tqdm(total=clips, desc="actors", unit="clip", disable=None) as bar:
        pool.run(_group, jobs, 1 if clips < SMALL else pool.cores(), bar)
    atomic.write(stamp, text)


def _group(job: tuple[Path, Settings, int]) -> int:
    """All clips of one group; returns their number."""
    home, wanted, group = job
    place = scene(_rng(wanted.seed, f"g{group}"), wanted.size, wanted.clutter)
    jobs = [(label, number) for label in wanted.classes for number in range(1, wanted.clips_per_group + 1)]
    for label, number in jobs:
        _clip(home, wanted, place, label, group, number)
    return len(jobs)


def _clip(home: Path, wanted: Settings, place: Scene, label: str, group: int, number: int) -> None:
    """Films and writes one clip; both classes of a pair start from the same generator state."""
    rng = _rng(wanted.seed, f"{pair(label)} g{group} c{number}")
    frames, truth = shoot(place, label, wanted.frames, wanted.distractors, rng)
    clip = f"a_{label}_g{group:02d}_c{number:02d}"
    with atomic.replace(home / "raw" / "clips" / label / f"{clip}.avi") as partial:
        _write(partial, frames)
    with atomic.replace(home / "truth" / f"{clip}.npz") as partial:
        np.savez_compressed(partial, **truth)


def _write(path: Path, frames: np.ndarray) -> None:
    """MJPG by OpenCV's own writer, so that the bytes do not depend on an FFmpeg version."""
    size = (frames.shape[2], frames.shape[1])
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter_fourcc(*"MJPG"), FPS, size)
    if not writer.isOpened():
        raise OSError(f"OpenCV cannot write a video at {path}; is the disk full or the folder read-only?")
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()


def _rng(seed: int, key: str) -> np.random.Generator:
    """A generator of its own for each key, the same on every machine."""
    return np.random.default_rng(list(hashlib.sha256(f"{seed} {key}".encode()).digest()))


def items(home: Path) -> list[Item]:
    """All clips that the written settings ask for."""
    stamp = home / "settings.json"
    if not stamp.exists():
        raise FileNotFoundError(f"No complete data set actors in {home}. Make it with: {DATASET.how}")
    wanted = json.loads(stamp.read_text())
    found = []
    for label in wanted["classes"]:
        for group in range(1, wanted["groups"] + 1):
            for number in range(1, wanted["clips_per_group"] + 1):
                clip = f"a_{label}_g{group:02d}_c{number:02d}"
                found.append(Item(clip, label, f"g{group:02d}", f"raw/clips/{label}/{clip}.avi"))
    return found


def sides(home: Path, index: pd.DataFrame, number: int) -> Sides:
    """Group k-fold: fold `number` tests every third group."""
    groups = sorted(index["group"].unique())
    tested = index["group"].isin(groups[number - 1 :: FOLDS])
    return Sides(tuple(index.loc[~tested, "clip"]), tuple(index.loc[tested, "clip"]))


DATASET = Dataset(
    name="actors",
    kind="video",
    classes=CLASSES,
    folds=FOLDS,
    official_size=0,
    items=items,
    sides=sides,
    how="vidattn data fetch actors",
    generate=generate,
)

"""Where the actor is, in clips that a user has: boxes or masks, brought into the form of generated truth.

Boxes are a csv (or csv.gz) with a row a box: `clip`, `frame` (from 0) and `x0, y0, x1, y1` or `x, y, w, h`,
all as fractions of the picture or all in pixels. Masks are a folder with `<clip>.npz`, in it `mask` (T, H, W)
of every frame and perhaps `informative` (T,), or with `<clip>/<frame>.png`, above 0 inside. A frame without
either has no truth of where; that it has none tells when the action takes place.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
import pandas as pd

from vidattn.data.datasets import Dataset
from vidattn.data.files import atomic, folder_seal, seal

CORNERS, EXTENT = ("x0", "y0", "x1", "y1"), ("x", "y", "w", "h")
TABLES = (".csv", ".csv.gz")
MARGIN = 0.01  # of the picture, by which a box may stick out, as rounded ones do


@dataclass
class Taken:
    """What an import of truth did: clips written, frames with a mask among them, and why others were not."""

    clips: int = 0
    frames: int = 0
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Grid:
    """What the boxes of a file count in.

    Attributes:
        picture: Width and height in pixels of the pictures that they were drawn on; None for the clips' own.
        every: How many frames they number for one of the clip's, whose frame k is their frame k times this.
    """

    picture: tuple[int, int] | None = None
    every: int = 1


def import_truth(dataset: Dataset, source: Path, store: Path, grid: Grid = Grid()) -> Taken:
    """Writes `store/<name>/truth/<clip>.npz` of every clip that a file of boxes or a folder of masks has.

    Raises:
        ValueError: The source has another form, or nothing in it fits a clip; what was expected.
    """
    home, source = Path(store) / dataset.name, Path(source).expanduser()
    if dataset.generate:
        raise ValueError(f"{dataset.name} is generated with its truth; there is nothing to import.")
    if not (home / "index.csv").is_file():
        raise FileNotFoundError(f"No index of {dataset.name}; first run: vidattn data index {dataset.name}")
    if damaged := folder_seal.broken(home / "truth"):
        raise ValueError(
            f"{damaged[0]} is not as it was imported. Delete the folder and {seal.beside(home / 'truth')}, "
            "then import all truth again."
        )
    seal.beside(home / "truth").unlink(missing_ok=True)  # of what is there until all has come
    index = pd.read_csv(home / "index.csv", dtype={"clip": str}, keep_default_na=False)
    clips = {row.clip: row for row in index[index["status"] == "ok"].itertuples()}
    made = _boxes(source, clips, grid) if source.name.endswith(TABLES) else _masks(source, clips)
    taken = Taken()
    for clip, result in made:
        if isinstance(result, str):
            taken.left_out.append(f"{clip}: {result}")
            continue
        with atomic.replace(home / "truth" / f"{clip}.npz") as partial, partial.open("wb") as file:
            np.savez_compressed(file, **result)
        taken.clips += 1
        taken.frames += int(result["mask"].any(axis=(1, 2)).sum())
    if not taken.clips:
        why = f" The first: {taken.left_out[0]}." if taken.left_out else ""
        raise ValueError(f"Nothing in {source} fits a clip of {dataset.name}.{why}")
    folder_seal.write(home / "truth")
    return taken


def _boxes(source: Path, clips: dict, grid: Grid) -> Iterator[tuple[str, dict | str]]:
    """Each clip of a csv with its masks, or with the reason why it has none."""
    frame = _table(source)
    fractions = bool((frame[list(CORNERS)].to_numpy() <= 1).all())
    for name, rows in frame.groupby("clip", sort=True):
        clip = PurePosixPath(str(name)).name
        yield clip, _drawn(rows, clips[clip], grid, fractions) if clip in clips else "it is not in the index"


def _table(source: Path) -> pd.DataFrame:
    """The boxes, as corners."""
    wanted = "a csv with clip, frame and x0, y0, x1, y1 (or x, y, w, h)"
    if not source.is_file():
        raise FileNotFoundError(f"There is no file {source}. Expected {wanted}.")
    try:
        frame = pd.read_csv(source, dtype={"clip": str})
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{source} cannot be read ({error}). Expected {wanted}.") from error
    corners = set(CORNERS) <= set(frame)
    lacking = [name for name in ("clip", "frame", *(() if corners else EXTENT)) if name not in frame]
    if lacking or frame.empty:
        raise ValueError(f"{source} has no {', no '.join(lacking) or 'rows'}. Expected {wanted}.")
    numbers = ["frame", *(CORNERS if corners else EXTENT)]
    values = frame[numbers].apply(pd.to_numeric, errors="coerce")
    bad = np.flatnonzero(values.isna().any(axis=1))
    if len(bad):
        raise ValueError(f"{source}, line {bad[0] + 2}: no number in {', '.join(numbers)}. Mend the row.")
    frame[numbers] = values
    if not corners:
        frame["x0"], frame["y0"] = frame["x"], frame["y"]
        frame["x1"], frame["y1"] = frame["x"] + frame["w"], frame["y"] + frame["h"]
    return frame


def _drawn(rows: pd.DataFrame, clip, grid: Grid, fractions: bool) -> dict | str:
    """Masks (T, H, W) of a clip from its boxes, or what is wrong with them."""
    count, size = int(clip.frames), np.array([int(clip.width), int(clip.height)])
    scale = np.ones(2) if fractions else np.array(grid.picture or size)
    corners = rows[list(CORNERS)].to_numpy(float) / np.tile(scale, 2)
    numbers = rows["frame"].to_numpy()
    outside = (corners < -MARGIN).any(axis=1) | (corners > 1 + MARGIN).any(axis=1)
    empty = (corners[:, 2:] <= corners[:, :2]).any(axis=1)
    shown = np.arange(count) * grid.every
    last = count * grid.every - 1
    beyond = (numbers < 0) | (numbers > last)
    for bad, what in ((outside, "outside the picture"), (empty, "without extent")):
        if bad.any():
            return f"it has a box {what}, at frame {numbers[bad][0]:g}"
    if beyond.any():
        return f"it has a box at frame {numbers[beyond][0]:g}, and its last is {last}"
    mask = np.zeros((count, size[1], size[0]), np.uint8)
    pixels = np.clip(corners, 0, 1) * np.tile(size, 2)
    low, high = np.floor(pixels[:, :2] + 1e-6).astype(int), np.ceil(pixels[:, 2:] - 1e-6).astype(int)
    boxes = {number: np.flatnonzero(numbers == number) for number in set(numbers.tolist())}
    for k, number in enumerate(shown.tolist()):
        for row in boxes.get(number, ()):
            mask[k, low[row, 1] : high[row, 1], low[row, 0] : high[row, 0]] = 1
    if not mask.any():
        return "none of its boxes lies on a frame of the clip"
    return {"mask": mask, "informative": mask.any(axis=(1, 2))}


def _masks(source: Path, clips: dict) -> Iterator[tuple[str, dict | str]]:
    """Each clip of a folder of masks, or the reason why it has none."""
    if not source.is_dir():
        raise FileNotFoundError(
            f"There is no folder {source}. Expected a csv of boxes, or a folder with <clip>.npz or <clip>/."
        )
    for path in sorted(source.iterdir()):
        if path.is_dir() or path.suffix == ".npz":
            clip = path.name if path.is_dir() else path.stem
            if clip not in clips:
                yield clip, "it is not in the index"
                continue
            yield clip, _pictures(path, clips[clip]) if path.is_dir() else _arrays(path, clips[clip])


def _arrays(path: Path, clip) -> dict | str:
    try:
        with np.load(path, allow_pickle=False) as stored:
            found = {name: stored[name] for name in ("mask", "informative") if name in stored.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        return f"{path.name} cannot be read ({error})"
    mask, count = found.get("mask"), int(clip.frames)
    if mask is None or mask.ndim != 3 or len(mask) != count:
        shape = "none" if mask is None else mask.shape
        return f"expected `mask` of shape ({count}, H, W) in {path.name}, got {shape}"
    informative = found.get("informative", mask.any(axis=(1, 2)))
    if informative.shape != (count,):
        return f"expected `informative` of shape ({count},) in {path.name}, got {informative.shape}"
    return {"mask": (mask > 0).astype(np.uint8), "informative": informative.astype(bool)}


def _pictures(folder: Path, clip) -> dict | str:
    count, width, height = int(clip.frames), int(clip.width), int(clip.height)
    mask = np.zeros((count, height, width), np.uint8)
    for path in sorted(folder.glob("*.png")):
        if not path.stem.isdecimal() or int(path.stem) >= count:
            return f"{path.name} is no frame from 0 to {count - 1}"
        picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if picture is None:
            return f"{path.name} cannot be read"
        inside = (picture if picture.ndim == 2 else picture[..., :3].max(axis=-1)) > 0
        mask[int(path.stem)] = cv2.resize(
            inside.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
        )
    if not mask.any():
        return f"no mask in {folder.name}/"
    return {"mask": mask, "informative": mask.any(axis=(1, 2))}

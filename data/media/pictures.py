"""Reads and probes still pictures: single files, or tiles of a lossless mosaic (`<file>#<side>:<number>`)."""

import hashlib
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from vidattn.data.files import atomic
from vidattn.data.media.probe import MAX_PIXELS, Probe, digest

COLUMNS = 25  # of the mosaics that `from_tfds` writes


def read(home: Path, path: str) -> np.ndarray:
    """Reads one picture.

    Args:
        home: The data set's folder in the store.
        path: As in the index: relative to `home`, with `#<side>:<number>` for a tile of a mosaic.

    Returns:
        RGB, (H, W, 3) uint8; grey pictures have three equal channels.
    """
    file, _, tile = path.partition("#")
    whole = _decode(home / file, (home / file).stat().st_mtime_ns)
    if not tile:
        return whole
    side, number = (int(part) for part in tile.split(":"))
    row, column = divmod(number, whole.shape[1] // side)
    cut = whole[row * side : (row + 1) * side, column * side : (column + 1) * side]
    if cut.shape[:2] != (side, side):
        raise ValueError(
            f"{file} has no tile {number} of {side} pixels; it is {whole.shape[1]}x{whole.shape[0]}."
        )
    return cut


@lru_cache(maxsize=2)
def _decode(path: Path, changed: int) -> np.ndarray:
    """The whole file, kept for the next tile of the same mosaic."""
    _bounded(path)
    data = np.fromfile(path, np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if picture is None:
        raise ValueError(f"{path} is not a picture that can be decoded.")
    return picture[..., ::-1]


def _bounded(path: Path) -> None:
    """Refuses a picture by its header: a few kilobytes of PNG can ask for gigabytes of pixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as header:
                width, height = header.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(f"{path} has too many pixels to be decoded.") from error
    except (OSError, ValueError, SyntaxError) as error:
        if getattr(error, "errno", None):  # of the disk, not of the picture
            raise
        raise ValueError(f"{path} is not a picture that can be decoded.") from error
    if width * height > MAX_PIXELS:
        raise TooLarge(f"{path} has too many pixels to be decoded: {width}x{height}.")


class TooLarge(ValueError):
    """A picture with more than `MAX_PIXELS`."""


def probe_all(home: Path, jobs: list[tuple[str, str]]) -> Iterator[tuple[int, Probe]]:
    """Decodes every picture once; see `vidattn.data.media.probe.probe_all`.

    Args:
        home: The data set's folder in the store.
        jobs: Paths as in the index, with the expected sha256 ("" if none).
    """
    for i, (path, expected) in enumerate(jobs):
        yield i, probe(home, path, expected)


def probe(home: Path, path: str, expected: str = "") -> Probe:
    """Probes one picture; the digest of a tile is that of its pixels."""
    file, _, tile = path.partition("#")
    if not (home / file).is_file():
        return Probe(status="quarantined", reason="the file is missing")
    try:
        picture = read(home, path)
    except TooLarge:
        reason = f"the picture has more than {MAX_PIXELS} pixels"
        return Probe(digest=digest(home / file), status="quarantined", reason=reason)
    except (ValueError, cv2.error) as error:
        reason = (
            "the mosaic has no such tile" if "no tile" in str(error) else "not a picture that can be decoded"
        )
        return Probe(digest=digest(home / file), status="quarantined", reason=reason)
    found = hashlib.sha256(picture.tobytes()).hexdigest() if tile else digest(home / file)
    if expected and found != expected:
        reason = f"sha256 is {found[:12]}, the list says {expected[:12]}"
        return Probe(digest=found, status="quarantined", reason=reason)
    return Probe(1, 0.0, picture.shape[1], picture.shape[0], found)


def from_tfds(
    name: str, raw: Path, folders: dict[str, str], classes: tuple[str, ...], encoded: bool = False
) -> None:
    """Loads a picture set with TensorFlow Datasets and keeps it below `raw/<folder>`.

    Args:
        name: TFDS name.
        raw: Where to write.
        folders: TFDS split to folder.
        classes: Label names that TFDS must have.
        encoded: Keep each picture's own bytes as `<class>/<number>.JPEG`; otherwise one mosaic PNG a class.
    """
    import tensorflow_datasets as tfds

    decoders = {"image": tfds.decode.SkipDecoding()} if encoded else None
    builder = tfds.builder(name, data_dir=raw.parent / "tfds")
    builder.download_and_prepare()
    names = builder.info.features["label"].names
    if set(names) != set(classes):
        raise ValueError(f"TensorFlow Datasets has other classes for {name} than expected: {names[:3]}...")
    for split, folder in folders.items():
        rows = tfds.as_numpy(builder.as_dataset(split=split, decoders=decoders))
        if encoded:
            for i, row in enumerate(rows):
                with atomic.replace(raw / folder / names[row["label"]] / f"{i:05d}.JPEG") as partial:
                    partial.write_bytes(row["image"])
        else:
            _mosaics(rows, names, raw / folder)


def _mosaics(rows, names: list[str], folder: Path) -> None:
    """One lossless PNG a class, tiles in the order in which they came."""
    tiles: dict[str, list[np.ndarray]] = {label: [] for label in names}
    for row in rows:
        tiles[names[row["label"]]].append(row["image"])
    for label, pictures in tiles.items():
        columns = min(COLUMNS, len(pictures))
        lines = [np.hstack(pictures[i : i + columns]) for i in range(0, len(pictures), columns)]
        with atomic.replace(folder / f"{label}.png") as partial:
            cv2.imwrite(str(partial), np.vstack(lines)[..., ::-1])

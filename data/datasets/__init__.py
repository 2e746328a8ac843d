"""Data sets: one file each; the file name is the name in params.yaml and the symbol inside is `DATASET`."""

import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd


class Item(NamedTuple):
    """One clip (or picture) that a data set officially has, whether it is on the disk or not."""

    clip: str
    label: str
    group: str
    path: str  # relative to the data set's folder in the store
    digest: str = ""  # sha256 that the publisher states, if any
    reason: str = ""  # why it cannot be used even if it is there


class Sides(NamedTuple):
    """The two sides of an official fold: clip names as the official lists have them, in index order."""

    train: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A file to download: addresses in the order to try, its checksum and where it goes.

    Args:
        urls: The address and its mirrors; the first that gives the right bytes wins.
        file: File name below `raw/download/`.
        sha256: Hexadecimal digest; "" would leave the size alone to be checked (no data set here does).
        bytes: Exact size, or 0 where unknown.
    """

    urls: tuple[str, ...]
    file: str
    sha256: str = ""
    bytes: int = 0


@dataclass(frozen=True)
class Dataset:
    """What the rest of the project knows about a data set.

    Args:
        name: The file's name.
        kind: "video" or "image".
        classes: All class names, sorted as the official list has them.
        folds: Number of official folds.
        official_size: Clips (pictures) that the complete data set has; 0 where it depends on parameters.
        items: `items(home)`: what should be there, from the lists or files below `home` (`store/<name>`).
        sides: `sides(home, index, number)`: the official fold `number` (from 1).
        how: One sentence with the command that gets it.
        place: `place(path)`: where a file of the user's copy belongs below `raw/`, or None if it is not part
            of the data set. None where nothing can be imported.
        generate: `generate(home, params)`: makes the files; None where they are fetched or imported.
        sources: What to download; empty where nothing can be.
        advice: Why it cannot be fetched and what to import instead; "" where it can.
    """

    name: str
    kind: str
    classes: tuple[str, ...]
    folds: int
    official_size: int
    items: Callable[[Path], list[Item]]
    sides: Callable[[Path, pd.DataFrame, int], Sides]
    how: str
    place: Callable[[PurePosixPath], str | None] | None = None
    generate: Callable[[Path, dict], None] | None = None
    sources: tuple[Source, ...] = ()
    advice: str = ""


def names() -> tuple[str, ...]:
    """All data sets: the files of this folder."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__"))


def load(name: str) -> Dataset:
    """Looks a data set up by its file name."""
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"Unknown data set {name!r}. Expected one of: {', '.join(names())}.{hint}")
    return importlib.import_module(f"vidattn.data.datasets.{name}").DATASET

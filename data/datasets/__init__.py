"""Data sets: one file each; the file name is the name in params.yaml and the symbol inside is `DATASET`."""

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import NamedTuple

import pandas as pd

from vidattn.data.files.names import unknown


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


class View(NamedTuple):
    """A way in which a derived data set shows every clip of the one that it is made of."""

    suffix: str  # of the clip's name
    label: str  # in which `{label}` stands for the clip's own
    step: int  # 1: frames in their order; -1: from the last to the first


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
        of: The data set whose clips, folds and stored streams this one shows again, if it has none itself.
        views: How it shows each of them.
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
    of: "Dataset | None" = None
    views: tuple[View, ...] = ()

    @property
    def stored(self) -> "Dataset":
        """The data set under whose name index and streams lie in the store."""
        return self.of or self


def files() -> tuple[str, ...]:
    """All plug-ins: the files of this folder."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__"))


def names() -> tuple[str, ...]:
    """The data sets that need no arguments: the files with a `DATASET`."""
    folder = Path(__file__).parent
    return tuple(name for name in files() if "\nDATASET = " in (folder / f"{name}.py").read_text("utf-8"))


def load(name: "str | Dataset", variants: Mapping[str, dict] | None = None) -> Dataset:
    """Looks a data set up.

    Args:
        name: Of a file of this folder, or of a variant; a data set is returned as it is.
        variants: `datasets` of params.yaml. The `dataset` function of a file makes `{plugin: <file>, ...}`
            from the entry's name and its other keys; `of` names another data set.
    """
    if isinstance(name, Dataset):
        return name
    entry = dict((variants or {}).get(name) or {})
    if "plugin" in entry:
        return _variant(name, entry.pop("plugin"), entry, variants or {})
    return _module(name, names()).DATASET


def _variant(name: str, plugin: str, arguments: dict, variants: Mapping[str, dict]) -> Dataset:
    made = _module(plugin, [file for file in files() if file not in names()]).dataset
    if "of" in arguments:
        arguments["of"] = load(
            arguments["of"], {other: variants[other] for other in variants if other != name}
        )
    accepted = [argument for argument in inspect.signature(made).parameters if argument != "name"]
    for argument in arguments:
        if argument not in accepted:
            raise ValueError(f"{name}: {unknown(f'argument of {plugin}', argument, accepted)}")
    return made(name, **arguments)


def _module(name: str, valid: Sequence[str]) -> ModuleType:
    if name not in valid:
        raise ValueError(unknown("data set", name, valid))
    return importlib.import_module(f"vidattn.data.datasets.{name}")

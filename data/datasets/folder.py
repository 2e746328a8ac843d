"""A folder of one's own clips (or pictures), as `vidattn data add` listed them.

The list has a row a clip: its name, its path in the folder, its label, its group (clips of one source video
or person, which no fold divides) and the fold that tests it.
"""

import os
from functools import partial
from pathlib import Path, PurePosixPath

import pandas as pd

from vidattn.data.datasets import Dataset, Item, Sides
from vidattn.data.media.decode import IMAGES

COLUMNS = ("clip", "path", "label", "group", "fold")


def dataset(name: str, folder: str, clips: str, digest: str = "") -> Dataset:
    """The data set of a list.

    Args:
        name: Its name in params.yaml.
        folder: Where the files are.
        clips: The list, a csv with `COLUMNS`.
        digest: Of the list, as it was added: it makes other folds another experiment.
    """
    listed = read(Path(clips), name)
    images = PurePosixPath(listed["path"].iloc[0]).suffix.lower() in IMAGES
    return Dataset(
        name=name,
        kind="image" if images else "video",
        classes=tuple(sorted(listed["label"].unique())),
        folds=int(listed["fold"].max()),
        official_size=len(listed),
        items=partial(_items, listed),
        sides=partial(_sides, listed),
        how=f"vidattn data fetch {name}",
        generate=partial(_generate, Path(folder), listed["path"]),
    )


def read(path: Path, name: str) -> pd.DataFrame:
    """The list, all text but for the number of the fold."""
    again = f"Make it again: vidattn data add {name} <folder>"
    if not path.is_file():
        raise FileNotFoundError(f"The list of {name} is not at {path}. {again}")
    listed = pd.read_csv(path, dtype=str, keep_default_na=False)
    if not set(COLUMNS) <= set(listed.columns) or listed.empty or not listed["fold"].str.isdecimal().all():
        raise ValueError(f"{path} is no list with {', '.join(COLUMNS)}, and folds from 1. {again}")
    return listed.astype({"fold": int})


# Functions of the module, since a data set is sent to the processes that train.
def _items(listed: pd.DataFrame, home: Path) -> list[Item]:
    """A clip for each row."""
    return [Item(r.clip, r.label, r.group, f"raw/{r.path}") for r in listed.itertuples()]


def _sides(listed: pd.DataFrame, home: Path, index: pd.DataFrame, number: int) -> Sides:
    """What the fold tests, and all else."""
    tested = listed["fold"] == number
    return Sides(tuple(listed.loc[~tested, "clip"]), tuple(listed.loc[tested, "clip"]))


def _generate(folder: Path, paths: pd.Series, home: Path, params: dict) -> None:
    """Links in the store to the files where they are; a file that is gone is found missing by the index."""
    for path in paths:
        target = home / "raw" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        part.unlink(missing_ok=True)
        part.symlink_to((folder / path).absolute())
        part.replace(target)

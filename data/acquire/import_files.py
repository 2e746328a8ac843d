"""Takes over what a user already has: an official layout, class folders, split lists, or an archive."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from vidattn.data.datasets import Dataset, load
from vidattn.data.files import archives, atomic
from vidattn.data.media.probe import digest


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        files: Files taken over now.
        known: Files that were there already, with the same content.
        ignored: Files of the source that are no part of the data set.
        dangling: Links to files of it that are not there.
    """

    files: int
    known: int
    ignored: int
    dangling: int = 0


def import_dataset(name: str | Dataset, source: Path, store: Path, link: bool = True) -> Imported:
    """Links or copies a user's files into `store/<name>/raw`; may be called once for each folder they have.

    Args:
        name: Data set, or its name.
        source: A folder or an archive.
        store: The store folder.
        link: Link to the files where they are (archives are always unpacked); False copies them.
    """
    dataset, source = load(name), Path(source).expanduser().absolute()
    name = dataset.name
    if dataset.place is None:
        raise ValueError(f"{name} is generated, there is nothing to import. Get it with: {dataset.how}")
    if not source.exists():
        raise FileNotFoundError(f"There is nothing at {source}. Expected a folder or an archive with {name}.")
    home = Path(store) / name
    if source.is_file() and not archives.known(source):
        raise ValueError(
            f"{source} is neither a folder nor an archive. Expected a folder, or a file ending in "
            f"{', '.join(archives.SUFFIXES)}."
        )
    with atomic.alone(home / "raw"):
        return _import(dataset, source, home, link)


def _import(dataset: Dataset, source: Path, home: Path, link: bool) -> Imported:
    """From a folder, or from an archive that is unpacked beside the place of its files."""
    if source.is_dir():
        return _take(dataset, source, home, link=link, move=False)
    unpacked = home / "raw" / ".unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        archives.extract(source, unpacked / (source.name.split(".")[0] or "archive"), nested=True)
        return _take(dataset, unpacked, home, link=False, move=True)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)


def _take(dataset: Dataset, source: Path, home: Path, link: bool, move: bool) -> Imported:
    """Places every file of a folder that belongs to the data set."""
    targets: dict[Path, Path] = {}
    ignored = dangling = 0
    for file in _walk(source):
        place = dataset.place(PurePosixPath(source.name) / file.relative_to(source).as_posix())
        if place is None:
            ignored += 1
            continue
        if not file.exists():  # a link that leads nowhere
            dangling += 1
            continue
        target = home / "raw" / place
        if target in targets and digest(targets[target]) != digest(file):
            raise ValueError(f"{targets[target]} and {file} both claim to be {place} and differ; remove one.")
        targets[target] = file
    if not targets:
        advice = dataset.advice or f"Get it with: {dataset.how}"
        raise ValueError(f"None of the {ignored} files in {source} is part of {dataset.name}. {advice}")
    bar = tqdm(targets.items(), desc=f"import {dataset.name}", unit="file", disable=None)
    fresh = sum(_put(file, target, link, move) for target, file in bar)
    return Imported(fresh, len(targets) - fresh, ignored, dangling)


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder in a fixed order, through links to folders; hidden ones left out."""
    for root, folders, files in os.walk(folder, followlinks=True):
        shown = sorted(name for name in folders if not name.startswith("."))
        folders[:] = [name for name in shown if not _circle(Path(root) / name, folder)]
        yield from (Path(root) / name for name in sorted(files) if not name.startswith("."))


def _circle(path: Path, top: Path) -> bool:
    """Whether a folder is one of those on the way to it from `top`, to which a link leads back."""
    return any(path.samefile(above) for above in path.parents if above.is_relative_to(top))


def _put(file: Path, target: Path, link: bool, move: bool) -> bool:
    """Moves, links or copies one file; False if the same content is there already."""
    if target.exists() and (target.samefile(file) or digest(target) == digest(file)):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    if move:
        file.replace(target)
    elif link:
        partial = target.with_name(f".{target.name}.{os.getpid()}.part")
        partial.unlink(missing_ok=True)
        partial.symlink_to(file)
        partial.replace(target)
    else:
        with atomic.replace(target) as partial:
            shutil.copyfile(file, partial)
    return True

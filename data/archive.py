"""Unpacks zip, tar and rar archives inside one folder only: no absolute path, no `..`, no link, no bomb."""

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import rarfile

from vidattn.data import atomic

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".rar")
MAX_BYTES = 200 * 2**30  # of all files together, those of archives inside included
MAX_RATIO = 200  # unpacked to packed, for more than RATIO_FROM bytes
RATIO_FROM = 100 * 2**20
MAX_FILES = 2_000_000
BLOCK = 2**20
BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    rarfile.Error,
)
TOOLS = "unrar, unar, 7z (p7zip-full) or bsdtar (libarchive-tools)"


class Broken(ValueError):
    """The archive is damaged or cut short; getting it again may help."""


class Member(NamedTuple):
    """One file of an archive; `open` gives its bytes."""

    name: str
    open: Callable[[], Any]


@dataclass
class Budget:
    """What may still be written, by an archive and those inside it together."""

    bytes: int
    files: int

    @classmethod
    def of(cls, path: Path) -> "Budget":
        """The whole budget, by the size of the outer archive."""
        return cls(min(MAX_BYTES, max(RATIO_FROM, MAX_RATIO * path.stat().st_size)), MAX_FILES)


def known(path: Path) -> bool:
    """Whether a file name has the ending of an archive that can be unpacked."""
    return path.name.lower().endswith(SUFFIXES)


def extract(path: Path, folder: Path, nested: bool = False) -> int:
    """Unpacks an archive; nothing is left in `folder` unless all of it is good.

    Args:
        path: The archive.
        folder: Where to; made here, must not exist yet.
        nested: Also unpack the archives inside (one level: HMDB51 is a rar of rars), each into a folder of
            its name, and remove them.

    Returns:
        Number of files.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; unpack {path.name} into a new folder.")
    try:
        budget = Budget.of(path)
        count = _unpack(path, folder, budget)
        inner = (
            [file for file in sorted(folder.rglob("*")) if file.is_file() and known(file)] if nested else []
        )
        for file in inner:
            count += _unpack(file, file.with_suffix(""), budget) - 1
            file.unlink()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return count


def _unpack(path: Path, folder: Path, budget: Budget) -> int:
    """Writes all members; whatever the reader dislikes becomes one clear error."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        count = _write(path, folder, budget)
    except rarfile.RarCannotExec as error:
        raise ValueError(
            f"{path.name} is compressed and no program that unpacks rar is installed. Install one of "
            f"{TOOLS}, or unpack it yourself and import the folder."
        ) from error
    except BROKEN as error:
        raise Broken(f"{path.name} is broken or not complete ({error}); get it again.") from error
    if not count:
        raise ValueError(f"{path.name} holds no files.")
    return count


def _write(path: Path, folder: Path, budget: Budget) -> int:
    """Counts real bytes, as headers may lie."""
    count = 0
    for member in _members(path):
        count += 1
        if budget.files == 0:
            raise ValueError(f"{path.name} holds more than {MAX_FILES} files; refused as a bomb.")
        budget.files -= 1
        budget.bytes -= _copy(member, folder / _inside(member.name, path), budget.bytes, path)
    return count


def _inside(name: str, path: Path) -> PurePosixPath:
    """The member's path if it stays below the folder; raises otherwise."""
    inner = PurePosixPath(name.replace("\\", "/"))
    if not inner.parts or inner.is_absolute() or ".." in inner.parts or ":" in inner.parts[0] or "\0" in name:
        raise ValueError(f"{path.name} wants to write outside its folder ({name!r}); refused.")
    return inner


def _copy(member: Member, target: Path, budget: int, path: Path) -> int:
    """Writes one member; returns its bytes."""
    written = 0
    with atomic.replace(target) as new, member.open() as source, new.open("wb") as stream:
        while block := source.read(BLOCK):
            written += len(block)
            if written > budget:
                raise ValueError(f"{path.name} unpacks to far more than its size; refused as a bomb.")
            stream.write(block)
    return written


def _members(path: Path) -> Iterator[Member]:
    """Files of an archive; folders are implied, links and devices refused."""
    name = path.name.lower()
    if name.endswith(".zip"):
        yield from _zip(path)
    elif name.endswith(".rar"):
        yield from _rar(path)
    elif known(path):
        yield from _tar(path)
    else:
        raise ValueError(f"{path.name} is no archive. Expected a name ending in {', '.join(SUFFIXES)}.")


def _zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as stream:
        for info in stream.infolist():
            if stat.S_ISLNK(info.external_attr >> 16):
                raise ValueError(f"{path.name} holds a link ({info.filename!r}); refused.")
            if not info.is_dir():
                yield Member(info.filename, partial(stream.open, info))


def _tar(path: Path) -> Iterator[Member]:
    with tarfile.open(path) as stream:
        for info in stream:
            if info.isfile():
                yield Member(info.name, partial(stream.extractfile, info))
            elif not info.isdir():
                raise ValueError(f"{path.name} holds a link or device ({info.name!r}); refused.")


def _rar(path: Path) -> Iterator[Member]:
    """Stored members are read here, compressed ones by one of `TOOLS`."""
    with rarfile.RarFile(path) as stream:
        for info in stream.infolist():
            if info.is_symlink():
                raise ValueError(f"{path.name} holds a link ({info.filename!r}); refused.")
            if info.is_file():
                yield Member(info.filename, partial(stream.open, info))

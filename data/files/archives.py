"""Unpacks zip, tar and rar archives inside one folder only: no absolute path, no `..`, no link, no bomb.

Every archive is read to its end, where checksums and end marks stand: all of it is good, or it is refused.
"""

import errno
import lzma
import os
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import rarfile

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".rar")
MAX_BYTES = 200 * 2**30  # of all files together, those of archives inside included
MAX_RATIO = 200  # unpacked to packed, for more than RATIO_FROM bytes
RATIO_FROM = 100 * 2**20
MAX_FILES = 2_000_000
MAX_HEADER = 2**20  # of a name or of pax attributes, which tarfile reads in one piece
MAX_NAME, MAX_PATH = 255, 2000  # characters of a name, and of a path in the archive
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
    ValueError,
    LookupError,
    OverflowError,
    struct.error,
)
TOOLS = "unrar, unar, 7z (p7zip-full) or bsdtar (libarchive-tools)"


class Refused(ValueError):
    """The archive is readable, and what it holds is refused."""


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
            count += _unpack_inner(path, file, budget) - 1
            file.unlink()
        os.sync()  # once, and not for each of a hundred thousand files
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return count


def _unpack_inner(path: Path, file: Path, budget: Budget) -> int:
    """Unpacks an archive that lay in another, which an error names too."""
    try:
        return _unpack(file, _own_folder(file), budget)
    except (Refused, Broken) as error:
        raise type(error)(f"{path.name}: {error}") from error


def _own_folder(file: Path) -> Path:
    """Where an archive inside another goes: a folder of its name beside it."""
    ending = next(ending for ending in reversed(SUFFIXES) if file.name.lower().endswith(ending))
    name = file.name[: -len(ending)]
    if not name.strip(". ") or file.with_name(name).exists():  # `...zip` would go one level up
        raise Refused(f"The archive {file.name} inside has no name that a folder could have here; refused.")
    return file.with_name(name)


def _unpack(path: Path, folder: Path, budget: Budget) -> int:
    """Writes all members; whatever the reader dislikes becomes one clear error."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        count = _write(path, folder, budget)
    except Refused as error:
        raise error if path.name in str(error) else Refused(f"{path.name}: {error}") from None
    except rarfile.RarCannotExec as error:
        raise Refused(
            f"{path.name} is compressed and no program that unpacks rar is installed. Install one of "
            f"{TOOLS}, or unpack it yourself and import the folder."
        ) from error
    except BROKEN as error:
        raise _broken(path, error) from error
    except OSError as error:  # bz2 and gzip have none of their own; a wrong offset is an invalid argument
        if error.errno not in (None, errno.EINVAL):
            raise
        raise _broken(path, error) from error
    if not count:
        raise Refused(f"{path.name} holds no files.")
    return count


def _broken(path: Path, error: Exception) -> Broken:
    why = " ".join(str(error).split()) or type(error).__name__
    return Broken(f"{path.name} is broken or not complete ({why}); get it again.")


def _write(path: Path, folder: Path, budget: Budget) -> int:
    """Counts real bytes, as headers may lie."""
    count = 0
    for member in _members(path, budget):
        count += 1
        if budget.files == 0:
            raise Refused(f"{path.name} holds more than {MAX_FILES} files; refused as a bomb.")
        budget.files -= 1
        _copy(member, folder / _inside(member.name, path), budget, path)
    return count


def _inside(name: str, path: Path) -> PurePosixPath:
    """The member's path if it stays below the folder; raises otherwise."""
    inner = PurePosixPath(name.replace("\\", "/"))
    if not inner.parts or inner.is_absolute() or ".." in inner.parts or ":" in inner.parts[0] or "\0" in name:
        raise Refused(f"{path.name} wants to write outside its folder ({name[:MAX_NAME]!r}); refused.")
    if len(name) > MAX_PATH or max(len(os.fsencode(part)) for part in inner.parts) > MAX_NAME:
        raise Refused(f"{path.name} holds a name of {len(name)} characters; refused.")
    return inner


def _copy(member: Member, target: Path, budget: Budget, path: Path) -> None:
    """Writes one member."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        stream = target.open("wb")
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise Refused(
            f"{path.name} holds {member.name!r} both as a file and as a folder; refused."
        ) from error
    with stream, member.open() as source:
        while block := source.read(BLOCK):
            _spend(budget, len(block), path)
            stream.write(block)


def _spend(budget: Budget, count: int, path: Path) -> None:
    """Takes unpacked bytes off what may still come."""
    budget.bytes -= count
    if budget.bytes < 0:
        raise Refused(f"{path.name} unpacks to far more than its size; refused as a bomb.")


def _members(path: Path, budget: Budget) -> Iterator[Member]:
    """Files of an archive; folders are implied, links and devices refused."""
    name = path.name.lower()
    if name.endswith(".zip"):
        yield from _zip(path)
    elif name.endswith(".rar"):
        yield from _rar(path)
    elif known(path):
        yield from _tar(path, budget)
    else:
        raise Refused(f"{path.name} is no archive. Expected a name ending in {', '.join(SUFFIXES)}.")


def _zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as stream:
        for info in stream.infolist():
            if stat.S_ISLNK(info.external_attr >> 16):
                raise Refused(f"{path.name} holds a link ({info.filename!r}); refused.")
            if not info.is_dir():
                yield Member(info.filename, partial(stream.open, info))
            elif info.file_size or stream.open(info).read(1):  # opening compares the name with the local one
                raise zipfile.BadZipFile(f"the folder {info.filename!r} has content")


class _Header(tarfile.TarInfo):
    """A header that is whole: where `tarfile` would take a damaged one for the end, the archive is broken."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Header":
        """Parses one block; zeros are the end, which `tarfile` handles."""
        try:
            info = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                raise
            raise tarfile.ReadError(f"a header is damaged or missing: {error}") from error
        if info.type == tarfile.GNUTYPE_SPARSE:
            raise Refused(f"{info.name[:MAX_NAME]!r} is a file with holes; refused.")
        plain = info.isreg() or info.isdir() or info.issym() or info.islnk() or info.isdev()
        if info.size > MAX_HEADER and not plain:
            raise Refused(f"A name or its attributes have {info.size} bytes; refused as a bomb.")
        return info


def _tar(path: Path, budget: Budget) -> Iterator[Member]:
    """Members; then what is behind them, which must be zeros, and which makes the checksums be compared."""
    with tarfile.open(path, tarinfo=_Header) as stream:
        while (info := stream.next()) is not None:
            stream.members.clear()  # else it keeps all of them in memory
            if info.isfile() and not info.issparse():
                yield Member(info.name, partial(stream.extractfile, info))
            elif not info.isdir():
                raise Refused(f"{path.name} holds a link or device ({info.name!r}); refused.")
        while block := stream.fileobj.read(BLOCK):
            _spend(budget, len(block), path)
            if any(block):
                raise tarfile.ReadError("there is data behind the end mark")


def _rar(path: Path) -> Iterator[Member]:
    """Stored members are read here, compressed ones by one of `TOOLS`."""
    kinds: list[int] = []
    with rarfile.RarFile(path, errors="strict", info_callback=lambda info: kinds.append(info.type)) as stream:
        if kinds[-1:] != [rarfile.RAR_BLOCK_ENDARC]:
            raise rarfile.BadRarFile("the end mark is missing")
        for info in stream.infolist():
            if info.is_symlink():
                raise Refused(f"{path.name} holds a link ({info.filename!r}); refused.")
            if info.is_file():
                yield Member(info.filename, partial(stream.open, info))

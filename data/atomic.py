"""Files that are either complete or absent: written beside their place, synced, renamed."""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
SHORT = " requested and "  # NumPy's "8 requested and 5 written", which has no number
# A link, for dvc.yaml names data/store: another `store` in params.yaml would not be found by `dvc repro`.
ELSEWHERE = "make data/store a link to a folder on another disk"
DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """A full disk, or a path without access to it, as an error that names it and says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL or SHORT in str(error):
            raise OSError(
                f"The disk of {folder} is full. What was finished is kept: make room (`vidattn data` shows "
                f"what takes how much) or {ELSEWHERE}, and give the same command again."
            ) from error
        if error.errno in DENIED:
            raise OSError(
                f"No access to {error.filename or folder} ({error.strerror}). Change its rights; what is "
                f"written goes to {folder}. Or {ELSEWHERE}."
            ) from error
        raise


@contextmanager
def replace(path: Path) -> Iterator[Path]:
    """Yields a temporary path in the same folder; on success it is synced and renamed to `path`.

    The temporary name is another for every call, and keeps the suffix, as OpenCV picks the container by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}-{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield partial
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(path)
        _sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Keeps a renaming on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, content: str | bytes) -> Path:
    """Writes a file in one step, text as UTF-8 with line feeds as given; returns its path."""
    with replace(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time fills a folder, made where it lacks; the lock dies with its holder.

    Who waited finds the folder filled, or even renamed: look again inside.
    """
    handle = _opened(folder)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _opened(folder: Path) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return os.open(folder, os.O_RDONLY)
        except FileNotFoundError:  # renamed just now by the process that filled it
            continue

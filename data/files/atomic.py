"""Files that are either complete or absent: written beside their place, synced, renamed."""

import errno
import fcntl
import functools
import os
import re
import secrets
import shutil
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
SHORT = " requested and "  # NumPy's "8 requested and 5 written", which has no number
# A link, for dvc.yaml names data/store: another `store` in params.yaml would not be found by `dvc repro`.
ELSEWHERE = "make data/store a link to a folder on another disk"
HOST = f"{zlib.crc32(os.uname().nodename.encode()) % 2**16:04x}"  # numbers of processes are this machine's
# names that `replace` gives until a file is whole
PARTIAL = re.compile(rf"\..*\.(\d+)-{HOST}[0-9a-f]{{4}}\.part.*")
DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
SEMAPHORES = Path("/dev/shm")  # where processes that share work keep what they share


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """A full disk, or a path without access to it, as an error that names it and says what to do."""
    try:
        yield
    except OSError as error:
        if error.filename is None and _refuses(SEMAPHORES, error.errno, folder):
            raise OSError(
                f"Work is shared between processes through {SEMAPHORES}, which is full or not writable "
                f"({error.strerror}). Make room in it or change its rights."
            ) from error
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
        if error.filename is None and error.errno is not None:  # a write to an open file names none
            raise OSError(error.errno, error.strerror, str(folder)) from error
        raise


def _refuses(place: Path, code: int | None, folder: Path) -> bool:
    """Whether an error without a path comes from `place`: it refuses to be written, and `folder` does not."""
    if not place.is_dir() or code not in (*FULL, *DENIED):
        return False
    if code in DENIED:
        return not os.access(place, os.W_OK)
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(place).free == 0 < shutil.disk_usage(there).free


@contextmanager
def replace(path: Path) -> Iterator[Path]:
    """Yields a temporary path in the same folder; on success it is synced and renamed to `path`.

    The temporary name is another for every call, and keeps the suffix, as OpenCV picks the container by it.
    The first time that a process writes into a folder, what dead ones left half written there goes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _swept(path.parent.absolute())
    partial = path.with_name(f".{path.stem}.{os.getpid()}-{HOST}{secrets.token_hex(2)}.part{path.suffix}")
    try:
        yield partial
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(path)
        _sync(path.parent)
    except OSError as error:
        if error.filename is None and error.errno is not None:  # a write names no file
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
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


@functools.cache
def _swept(folder: Path) -> None:
    sweep(folder)


def sweep(folder: Path) -> None:
    """Removes what processes of this machine that are no more left half written in a folder."""
    for path in folder.glob(".*.part*"):
        owner = PARTIAL.fullmatch(path.name)
        if owner and not _alive(int(owner[1])):
            path.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time fills a folder, made where it lacks; the lock dies with its holder.

    Who waited, which is said, finds the folder filled, or even renamed: look again inside.
    """
    handle = _opened(folder)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another process that works in {folder}.", file=sys.stderr)
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

"""Digests of a folder's files beside it, in `.<name>.sha256`, as `sha256sum --check` reads them."""

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from vidattn.data.files import atomic, seal

DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, OSError, NotImplementedError)
Read = TypeVar("Read")


def write(folder: Path) -> None:
    """Seals the files of a folder as they are now."""
    atomic.write(seal.beside(folder), "".join(f"{digest}  {name}\n" for name, digest in _now(folder).items()))


def broken(folder: Path, name: str = "") -> list[Path]:
    """The files that are missing, or not as they were sealed, and those that came since, in order.

    A folder without a seal is taken as it is; a seal that is damaged accuses what it does not name.

    Args:
        folder: The folder.
        name: Only this file of it is looked at.
    """
    path = seal.beside(folder)
    if not path.is_file():
        return []
    lines = path.read_bytes().decode(errors="replace").splitlines()
    sealed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    now = _now(folder, name or "*")
    names = [name] if name else sorted({*sealed, *now})
    return [folder / each for each in names if sealed.get(each) != now.get(each)]


def read(path: Path, work: Callable[[Path], Read], remedy: str) -> Read:
    """What some work reads of a file.

    Raises:
        ValueError: It is damaged, in whatever way the work notices; with its name and the remedy.
    """
    try:
        return work(path)
    except DAMAGES as error:
        raise ValueError(f"{path} is damaged ({error}). {remedy}") from error


def _now(folder: Path, pattern: str = "*") -> dict[str, str]:
    files = sorted(path for path in folder.glob(pattern) if path.is_file() and not path.name.startswith("."))
    return {path.name: seal.digest(path.read_bytes()) for path in files}

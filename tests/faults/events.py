"""What a process does to its files, event by event, so that a fault can be put at any of them.

An event is a call that opens a file to write, makes, renames or removes something, or syncs; with `reads`,
also one that opens a file to read. Python's own functions are wrapped, in the forked process alone.
"""

import builtins
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHANGES = ("replace", "rename", "unlink", "remove", "mkdir", "rmdir", "fsync", "symlink", "truncate")
WRITES = set("wax+")
At = Callable[[str, str, bool], None]


class Events:
    """Counts the events of this process below a folder.

    Args:
        folder: Calls on paths elsewhere are no events.
        at: Called as `at(name, path, after)` before and after each.
        reads: Whether reading a file is an event too.
    """

    def __init__(self, folder: Path, at: At, reads: bool = False) -> None:
        self.folder, self.at, self.reads, self.inside = str(folder.resolve()), at, reads, False
        for name in CHANGES:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        opened = self._wrapped("open", io.open)
        io.open = builtins.open = opened

    def _wrapped(self, name: str, call: Callable) -> Callable:
        def wrapper(*arguments: Any, **options: Any):
            path = self._path(arguments[0] if arguments else options.get("file"))
            if self.inside or path is None or (name == "open" and not self._counts(arguments, options)):
                return call(*arguments, **options)
            self._tell(name, path, False)
            result = call(*arguments, **options)
            self._tell(name, path, True)
            return result

        return wrapper

    def _tell(self, name: str, path: str, after: bool) -> None:
        self.inside = True  # what is done about an event is none
        try:
            self.at(name, path, after)
        finally:
            self.inside = False

    def _counts(self, arguments: tuple, options: dict) -> bool:
        mode = options.get("mode", arguments[1] if len(arguments) > 1 else "r")
        return self.reads or bool(WRITES & set(mode))

    def _path(self, target: Any) -> str | None:
        """The path that a call is about, where it lies below the folder."""
        try:
            opened = isinstance(target, int)
            path = Path(f"/proc/self/fd/{target}").readlink() if opened else Path(os.fsdecode(target))
        except (OSError, TypeError):
            return None
        name = str(path.absolute())
        return name if name.startswith(self.folder) else None


def count(work: Callable[[], object], folder: Path, reads: bool = False) -> int:
    """Number of events of some work, counted in this process (which is to be a forked one)."""
    seen = [0]

    def at(name: str, path: str, after: bool) -> None:
        seen[0] += not after

    Events(folder, at, reads)
    work()
    return seen[0]


def halve(path: str) -> None:
    """Leave half of a file that is about to be synced, as a process that dies in the middle of a write."""
    if Path(path).is_file():
        os.truncate(path, Path(path).stat().st_size // 2)

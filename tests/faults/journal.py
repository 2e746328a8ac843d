"""What became of faults that were injected before, by the same code: a command that was ended goes on."""

import contextlib
import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from vidattn.data.files import atomic


class Journal:
    """One line a fault, in the order of their ends.

    Args:
        path: The file; it may be missing, and its last line half written. None keeps nothing.
        code: Stands for the code that is put to the test; lines of other code count for nothing.
    """

    def __init__(self, path: Path | None, code: str) -> None:
        self._path, self._code, self._known = path, code, {}
        for line in path.read_text(encoding="utf-8").splitlines() if path and path.is_file() else ():
            with contextlib.suppress(ValueError, KeyError):  # half a line
                note = json.loads(line)
                if note["code"] == code:
                    self._known[note["fault"]] = note["outcome"]
        if path:
            atomic.write(path, "".join(self._line(fault) for fault in self._known))

    def outcome(self, fault: str) -> str | None:
        """What became of a fault, by its name; None where it was not injected yet."""
        return self._known.get(fault)

    def note(self, fault: str, outcome: str) -> None:
        """Keep what became of a fault."""
        self._known[fault] = outcome
        if self._path:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(self._line(fault))

    def _line(self, fault: str) -> str:
        note = {"code": self._code, "fault": fault, "outcome": self._known[fault]}
        return json.dumps(note) + "\n"


def code(folders: Iterable[Path]) -> str:
    """Stands for every file of Python and of settings below these folders, or for these files."""
    found = sha256()
    for folder in folders:
        files = [folder] if folder.is_file() else sorted(folder.rglob("*.py"))
        for file in files:
            found.update(f"{file.name} {sha256(file.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()[:16]

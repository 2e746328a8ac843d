"""Whether a stored array still has the bytes that its index states; looked at once for each state of a file.

The state of a file is its size, times of change and inode. What was verified is noted in `.verified.jsonl` of
the data set's folder, beside the stores and not in them, so that the next process need not read it again.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

JOURNAL = ".verified.jsonl"


class Damaged(ValueError):
    """A stored file that does not hold what its index states; it must be made again."""


class Verifier:
    """Verifies the files of one store.

    Args:
        folder: The store, `<data set>/<kind>/<key>`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder.parents[1]
        self._noted: set[str] | None = None

    def array(self, file: str, shape: tuple[int, ...], dtype: np.dtype, digest: str) -> np.ndarray:
        """Opens an array of the store memory-mapped; raises `Damaged` if it isn't the one that is described.

        Args:
            file: Name in the folder.
            shape, dtype: What the array must be.
            digest: SHA-256 of its values, in C order.
        """
        path = self.folder / file
        try:
            state = _state(path)
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            raise self.damaged(file, "it is missing") from None
        except (ValueError, EOFError, SyntaxError) as error:  # a header is read as Python's literals
            raise self.damaged(file, f"it is cut short or no array: {error}") from error
        if array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
            raise self.damaged(file, f"{array.dtype} {array.shape} is there, expected {dtype} {shape}")
        line = json.dumps([path.relative_to(self.home).as_posix(), *state, digest])
        if line not in self._lines():
            if hashlib.sha256(array.data).hexdigest() != digest:
                raise self.damaged(file, "its bytes are not those that were written")
            self._note(line)
        return array

    def damaged(self, file: str, why: str) -> Damaged:
        """The error, with the command that makes the store again."""
        command = f"vidattn data {self.folder.parent.name} {self.home.name}"
        return Damaged(f"{self.folder / file} is damaged ({why}). Make it again with: {command}")

    def _lines(self) -> set[str]:
        if self._noted is None:
            journal = self.home / JOURNAL
            text = journal.read_text(encoding="utf-8", errors="replace") if journal.is_file() else ""
            self._noted = set(text.splitlines())
        return self._noted

    def _note(self, line: str) -> None:
        """One write, so that lines of several processes do not mix; none where writing is denied."""
        self._lines().add(line)
        try:
            with (self.home / JOURNAL).open("a", encoding="utf-8") as stream:
                stream.write(f"{line}\n")
        except OSError:
            return


def aside(error: Damaged, path: Path) -> None:
    """Moves a damaged file out of the way, to `<name>.damaged`, and says so in one line."""
    if path.is_file():
        kept = path.with_name(f"{path.name}.damaged")
        path.replace(kept)
        print(f"{str(error).partition(' Make it')[0]} Moved to {kept.name}; made again.", file=sys.stderr)


def _state(path: Path) -> list[int]:
    """Any write changes the last of them, even one that sets the time of change back."""
    state = path.stat()
    return [state.st_size, state.st_mtime_ns, state.st_ino, state.st_ctime_ns]

"""Print a digest of the state of every file that a suite depends on or makes: state.py SUITE.

State is what dvc, too, looks at before it reads a file: size, times of change, inode. Equal digests mean that
dvc has nothing new to look at; its own start takes longer than this whole script.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

INSTALLED = (".venv/.installed-run", ".venv/.installed-test")
FILES = ("cells.json", "dvc.lock", "dvc.yaml", "params.yaml", *INSTALLED)
FOLDERS = ("bench", "data", "models", "package", "requirements", "results")  # data/store lies in data/


def state(path: Path | os.DirEntry) -> str:
    """One line on one file."""
    status = path.stat()
    times = f"{status.st_mtime_ns} {status.st_ctime_ns}"
    return f"{os.fspath(path)} {status.st_size} {times} {status.st_ino}\n"


def states(folder: str) -> Iterator[str]:
    """One line on each file below a folder, less what Python compiles and links to nothing."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from states(entry.path)
            elif entry.is_file():
                yield state(entry)


def main(suite: str) -> str:
    """The digest, with the suite that was asked for."""
    found = [state(path) for path in map(Path, FILES) if path.is_file()]
    for folder in FOLDERS:
        found += states(folder) if Path(folder).is_dir() else []
    return hashlib.sha256("".join([suite, *sorted(found)]).encode()).hexdigest()


if __name__ == "__main__":
    print(main(sys.argv[1]))

"""Print a digest of the state of every file that a suite depends on or makes: python requirements/state.py SUITE.

State is what dvc, too, looks at before it reads a file: size, times of change, inode. Equal digests mean that dvc
has nothing new to look at; its own start takes longer than this whole script.
"""

import hashlib
import os
import sys

FILES = ("cells.yaml", "dvc.lock", "dvc.yaml", "params.yaml", ".venv/.installed-run", ".venv/.installed-test")
FOLDERS = ("bench", "data", "models", "package", "requirements", "results")  # data/store lies in data/


def state(path: str, status: os.stat_result) -> str:
    """One line on one file."""
    return f"{path} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}\n"


def lines(folder: str):
    """One line on each file below a folder; what Python compiles does not count."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from lines(entry.path)
            elif os.path.exists(entry.path):
                yield state(entry.path, entry.stat())


def main(suite: str) -> str:
    """The digest, with the suite that was asked for."""
    found = [state(file, os.stat(file)) for file in FILES if os.path.exists(file)]
    for folder in filter(os.path.isdir, FOLDERS):
        found += lines(folder)
    return hashlib.sha256("".join([suite, *sorted(found)]).encode()).hexdigest()


if __name__ == "__main__":
    print(main(sys.argv[1]))

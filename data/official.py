"""Readers of published split lists, and of the clip names in them."""

import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple

UCF_LISTS = ("classInd.txt", *(f"{side}list{n:02d}.txt" for side in ("train", "test") for n in (1, 2, 3)))
UCF_NAME = re.compile(r"(v_(\w+)_(g\d\d)_c\d\d)\.\w+")
HMDB_LIST = re.compile(r"\w+_test_split[123]\.txt$")


class UCFClip(NamedTuple):
    """What the name `v_<class>_g<group>_c<clip>.avi` says."""

    clip: str
    label: str
    group: str


class Lists(NamedTuple):
    """File names of one split, as the lists give them: `<class>/<file>`."""

    train: tuple[str, ...]
    test: tuple[str, ...]

    def all(self) -> tuple[str, ...]:
        """Both sides."""
        return self.train + self.test


def ucf_clip(name: str, classes: tuple[str, ...]) -> UCFClip | None:
    """Parses a UCF101 file name; without case, as the files of HandstandPushups spell it otherwise."""
    found = UCF_NAME.fullmatch(name)
    label = found and next((label for label in classes if label.lower() == found[2].lower()), None)
    return UCFClip(found[1], label, f"{label}_{found[3]}") if found and label else None


def ucf_lists(folder: Path, number: int, how: str) -> Lists:
    """Reads `trainlist0<n>.txt` (`<class>/<file> <label>`) and `testlist0<n>.txt` (`<class>/<file>`)."""
    found = []
    for side in ("train", "test"):
        lines = _lines(folder / f"{side}list{number:02d}.txt", how)
        found.append(tuple(str(PurePosixPath(line.split()[0])) for line in lines))
    return Lists(*found)


def hmdb_marks(folder: Path, number: int, classes: tuple[str, ...], how: str) -> dict[tuple[str, str], int]:
    """Reads `<class>_test_split<n>.txt` of every class: (class, file) to 1 train, 2 test, 0 neither."""
    marks = {}
    for label in classes:
        path = folder / f"{label}_test_split{number}.txt"
        for line in _lines(path, how):
            name, _, mark = line.rpartition(" ")
            if mark not in ("0", "1", "2") or not name:
                raise ValueError(f"{path} has the line {line!r}, expected '<clip>.avi <0, 1 or 2>'.")
            marks[label, name.strip()] = int(mark)
    return marks


def _lines(path: Path, how: str) -> list[str]:
    """Lines that are not blank, without line ends; says how to get a list that is missing."""
    if not path.exists():
        raise FileNotFoundError(f"The official split list {path} is missing. Get it with: {how}")
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]

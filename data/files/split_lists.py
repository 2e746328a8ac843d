"""Readers of published split lists, and of the clip names in them.

A list that is known is checked, whatever its line ends and letters: one cut at a line end reads like a whole
one, and would silently make another test set.
"""

import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple


class Official(NamedTuple):
    """What is known of a published list: its entries, and sha256 of their names, sorted, in small letters."""

    entries: int
    digest: str


UCF_OFFICIAL = {
    "trainlist01.txt": Official(9537, "75c038b0cb74b5cc76e716407d622eb483676699d6049afe37ffd7350ea9a8f1"),
    "trainlist02.txt": Official(9586, "5a11dbfddd9d60fee5f2ebe68fd0cd5e483624bf54bd26e77c6aa618f063159e"),
    "trainlist03.txt": Official(9624, "3348a4eed738eb1d099b6a464c7d3068b1e661973c0698c4bfa1b9fbb3b68cd4"),
    "testlist01.txt": Official(3783, "458e9756743de35a182c88ca31b125465512d87894caa792e2b8b17b3e45e37e"),
    "testlist02.txt": Official(3734, "bfa8d470aad573583516a53f24f69a68a752d3039202d4b0325fbca3fa41c792"),
    "testlist03.txt": Official(3696, "84c31267bba8ef90d407380ca255a3a8e9c253493c5a36c1900a08e8da2e840a"),
}
UCF_LISTS = ("classInd.txt", *UCF_OFFICIAL)
HMDB_SIZES = {"1": 70, "2": 30}  # clips of a class that a list of HMDB51 trains on, and tests
HMDB_CLIPS = 6766  # in the lists of a split together
HMDB_DIGESTS = {  # of their lines, `<class>/<file> <mark>`, by split
    1: "95a4eb599d6493f67adec14045170e20e08913dcba52c230e93f3dbe14dedea1",
    2: "ca25b661c0a8cfee0a110afa0b193658d96f764f55cb5aeefacc9ca4afc9e387",
    3: "3b32660ee3f39ff17dce61a5265d981ce8e73abe94368e5fc30ecb72cb42860a",
}
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
        path = folder / f"{side}list{number:02d}.txt"
        names = tuple(str(PurePosixPath(line.split()[0])) for line in read(path, how))
        check(path, names, UCF_OFFICIAL[path.name], how)
        found.append(names)
    return Lists(*found)


def hmdb_marks(folder: Path, number: int, classes: tuple[str, ...], how: str) -> dict[tuple[str, str], int]:
    """Reads `<class>_test_split<n>.txt` of every class: (class, file) to 1 train, 2 test, 0 neither."""
    marks: dict[tuple[str, str], int] = {}
    for label in classes:
        path = folder / f"{label}_test_split{number}.txt"
        rows = [_hmdb_row(path, line) for line in read(path, how)]
        counts = Counter(mark for _, mark in rows)
        wrong = [mark for mark, size in HMDB_SIZES.items() if counts[mark] != size]
        if wrong:
            raise ValueError(
                f"{path} is not the official list: it marks {counts[wrong[0]]} clips {wrong[0]}, of "
                f"{HMDB_SIZES[wrong[0]]}. Get it with: {how}"
            )
        marks |= {(label, name): int(mark) for name, mark in rows}
    if len(marks) != HMDB_CLIPS:
        raise ValueError(
            f"{folder} has not all of the official lists of split {number}: together they name {len(marks)} "
            f"clips, of {HMDB_CLIPS}. Get them with: {how}"
        )
    if digest(f"{label}/{name} {mark}" for (label, name), mark in marks.items()) != HMDB_DIGESTS[number]:
        raise ValueError(
            f"{folder} does not hold the official lists of split {number}: they name other clips, or mark "
            f"them in another way. Get them with: {how}"
        )
    return marks


def _hmdb_row(path: Path, line: str) -> tuple[str, str]:
    """File name and mark."""
    name, _, mark = line.rpartition(" ")
    if mark not in ("0", "1", "2") or not name:
        raise ValueError(f"{path} has the line {line!r}, expected '<clip>.avi <0, 1 or 2>'.")
    return name.strip(), mark


def check(path: Path, names: Sequence[str], official: Official, how: str) -> None:
    """Refuses a list that has lost entries, or names others."""
    if len(names) != official.entries:
        why = f"it has {len(names)} entries, of {official.entries}"
    elif digest(names) != official.digest:
        why = "it names other clips"
    else:
        return
    raise ValueError(f"{path} is not the official list: {why}. Get it with: {how}")


def digest(names: Iterable[str]) -> str:
    """SHA-256 of names, sorted, in small letters: whatever their order, line ends and letters were."""
    return hashlib.sha256("\n".join(sorted(map(str.lower, names))).encode()).hexdigest()


def read(path: Path, how: str) -> list[str]:
    """Lines that are not blank, without line ends or byte-order mark; says how to get a missing list."""
    if not path.exists():
        raise FileNotFoundError(f"The official split list {path} is missing. Get it with: {how}")
    content = path.read_bytes()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8 ({error.reason}). Get it with: {how}") from None
    if "\0" in text:
        raise ValueError(f"{path} is no text in UTF-8: it holds zero bytes. Get it with: {how}")
    return [line.strip() for line in text.splitlines() if line.strip()]

"""A split list, published or one's own, is damaged: it reads as before, or is refused by name."""

import random
from pathlib import Path

import pandas as pd

from faults.case import Case
from faults.judge import Verdict, ended
from faults.kinds.damage import damage
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.plan import own_dataset
from vidattn.bench.system import digests
from vidattn.data.datasets import folder as own
from vidattn.data.files import split_lists

SHARE = 5
CLASSES = ("Archery", "Biking", "YoYo")
HOW = "vidattn data fetch it"
MARKS = {"1": 70, "2": 30, "0": 4}


def inject(case: Case) -> Verdict:
    """Read it whole; damage; read it again."""
    case.work.mkdir()
    kind = case.random.choice((_ucf, _hmdb, _own))
    path, read = kind(case.work, case.random)
    whole = read()
    if case.random.random() < 0.7:
        damage(path, case.random)
    else:
        _other_form(path, case.random)

    def again() -> None:
        try:
            found = read()
        except (ValueError, OSError, ParamsError) as error:
            raise SystemExit(f"vidattn: {error}") from None
        print("the same" if found == whole else f"another list:\n{found}")

    verdict, done = Verdict(), case.fork(again)
    if ended(verdict, done, [path.name, path.parent.name]) and "the same" not in done.text:
        verdict.add("wrong", f"{path.name} is another list, and nobody says so")
    return verdict


def _other_form(path: Path, draw: random.Random) -> None:
    """The same lines in another form, or in a form that is no text."""
    text = path.read_bytes().decode()
    forms = {
        "mark": text.encode("utf-8-sig"),
        "wide": text.encode("utf-16"),
        "wide without mark": text.encode("utf-16-le"),
        "Windows": text.replace("\n", "\r\n").encode(),
        "blank lines": text.replace("\n", "\n\n").encode(),
        "twice": (text + text).encode(),
        "a line twice": (text + text.splitlines()[-1] + "\n").encode(),
        "half": "".join(text.splitlines(keepends=True)[: len(text.splitlines()) // 2]).encode(),
    }
    path.write_bytes(forms[draw.choice(sorted(forms))])


def _ucf(home: Path, draw: random.Random):
    """Lists of UCF101's form that are known by their digests."""
    names = [f"{label}/v_{label}_g{g:02d}_c01.avi" for label in CLASSES for g in range(1, 9)]
    sides = {"train": names[::2], "test": names[1::2]}
    for side, listed in sides.items():
        name = f"{side}list01.txt"
        (home / name).write_text(
            "".join(f"{line} 1\n" if side == "train" else f"{line}\n" for line in listed)
        )
        split_lists.UCF_OFFICIAL[name] = split_lists.Official(len(listed), split_lists.digest(listed))

    def read():
        return [sorted(map(str.lower, side)) for side in split_lists.ucf_lists(home, 1, HOW)]

    return home / f"{draw.choice(('train', 'test'))}list01.txt", read


def _hmdb(home: Path, draw: random.Random):
    """Lists of HMDB51's form, of three classes; the number of all clips and their digest are theirs."""
    every = []
    for label in CLASSES:
        lines = [f"{label}_{mark}_{n}.avi {mark}" for mark, count in MARKS.items() for n in range(count)]
        (home / f"{label}_test_split1.txt").write_text("".join(f"{line}\n" for line in lines))
        every += [f"{label}/{line}" for line in lines]
    split_lists.HMDB_CLIPS, split_lists.HMDB_DIGESTS[1] = len(every), split_lists.digest(every)
    path = home / f"{draw.choice(CLASSES)}_test_split1.txt"

    def read():  # names are matched without case
        marks = split_lists.hmdb_marks(home, 1, CLASSES, HOW)
        return sorted((label, name.lower(), mark) for (label, name), mark in marks.items())

    return path, read


def _own(home: Path, draw: random.Random):
    """The list of `vidattn data add`, whose digest stands in params.yaml."""
    rows = [(f"c{n}", f"a/c{n}.avi", "ab"[n % 2], f"g{n // 2}", 1 + n // 2 % 3) for n in range(12)]
    path = home / "mine.csv"
    path.write_text(pd.DataFrame(rows, columns=own.COLUMNS).to_csv(index=False))
    entry = {"plugin": "folder", "folder": str(home), "clips": str(path)}
    entry["digest"] = digests.digest(path.read_text())

    class Params:
        datasets = {"mine": entry}

    def read():
        own_dataset.check_list("mine", Params)
        return own.read(path, "mine").to_dict("list")

    return path, read

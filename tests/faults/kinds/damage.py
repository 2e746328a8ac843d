"""A stored file is damaged: bits flipped, cut, emptied, overwritten, gone; its time of change often kept."""

import os
import random
from pathlib import Path

from faults import project
from faults.case import Case
from faults.judge import Verdict, ended, same, told
from faults.process import Ended

SHARE = 12
REFERENCE = "results/reference.csv"
FILES = {  # every kind of file that is stored
    "shard": "data/store/actors/[f]*/*/*.npy",
    "description of a shard": "data/store/actors/[f]*/*/0*.json",
    "index of a store": "data/store/actors/[f]*/*/index.json",
    "index of clips": "data/store/actors/index.csv",
    "seal": "data/store/actors/.index.csv.sha256",
    "journal": "data/store/actors/.*.jsonl",
    "costs": "data/store/actors/costs.jsonl",
    "settings": "data/store/actors/settings.json",
    "clip": "data/store/actors/raw/clips/*/*.avi",
    "run": "data/store/runs/*/*/*.[jn]*",
    "weights": "data/store/runs/*/*/weights.npz",
    "scores": "data/store/scores/*/*/*",
    "record": "results/records/*/*.json",
    "predictions": "results/predictions/*/*.csv",
    "timing": "results/timings/*/*.json",
    "truth": "data/store/actors/truth/*.npz",
    "seal of truth": "data/store/actors/.truth.sha256",
    "table": "results/tables/*",
    "numbers for DVC": "results/metrics/*",
    "reference": REFERENCE,
    "cells": "cells.json",
}
READERS = [*project.READERS, ["check"], ["records"], ["grid", "--check"]]


def inject(case: Case) -> Verdict:
    """Damage; readers say the same or name the file; the stages make it again, or name it."""
    kind = case.random.choice(list(FILES))
    case.start("finished")
    path = case.random.choice(sorted(case.work.glob(FILES[kind])))
    damage(path, case.random)
    verdict, name = Verdict(), path.relative_to(case.work).as_posix()
    verdict.notes.append(f"damaged: {name}")
    names = _names(kind, path)
    asked = READERS
    if kind == "truth":
        sheet = str(case.home / "sheet.png")
        asked = [*READERS, ["data", "look", f"actors/{path.stem}", "--out", sheet]]
    readers = case.fork(lambda: project.run_all(asked))
    _read(case, verdict, names, asked, readers)
    if kind == "reference":
        path.write_bytes((case.reference.home / "finished" / REFERENCE).read_bytes())  # by git
    again = case.give(project.STEPS)
    if ended(verdict, again, names):
        changed = kind == "clip" and told(again.text, [path.stem])  # said; it is another clip from now on
        if changed:
            verdict.add("refused")
        else:
            # while there is an index, nobody asks the descriptions
            unread = [name] if kind == "description of a shard" else []
            same(verdict, case.work, case.reference.files["finished"], unread)
            verdict.add("healed")
    return verdict


def _read(case: Case, verdict: Verdict, names: list[str], asked: list[list[str]], readers: Ended) -> None:
    """What readers print is what they print of a whole project, or the file is named."""
    found = Verdict()
    well = ended(found, readers, names)
    if found.outcome not in ("survived", "refused"):
        verdict.add(found.outcome, *found.notes)
        return
    before = case.reference.said(asked).splitlines()
    other = [line for line in readers.text.splitlines() if line not in before]
    if well and other and not told("\n".join(other), names):
        verdict.add("wrong", f"readers say something else, and do not name it:\n{readers.text}")


def _names(kind: str, path: Path) -> list[str]:
    """What an error may name: the file; where many have one name, its folder too, or the run."""
    if kind in ("record", "predictions", "timing"):
        gone = [] if path.exists() else [path.parent.name]  # then its cell is told to be missing
        return [f"{path.parent.name}/{path.stem}.", *gone]
    if kind in ("run", "weights", "scores"):
        return [path.parent.as_posix().partition("data/store/")[2]]
    if kind == "reference":
        return [path.name, "REGRESSION.", "| new ", "missing: in no suite"]  # of what runs are held against
    return [path.name]


def damage(path: Path, draw: random.Random) -> None:
    """One kind of damage to a file."""
    state, data = path.stat(), bytearray(path.read_bytes())
    how = draw.choice(("flip", "flip", "flip", "cut", "line", "empty", "zeros", "text", "gone"))
    if how == "gone":
        path.unlink()
        return
    if how == "flip":
        for _ in range(draw.randint(1, 3)):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    elif how == "cut":
        data = data[: draw.randrange(len(data))]
    elif how == "line":
        data = data[: data.rfind(b"\n", 0, draw.randrange(len(data))) + 1]
    elif how == "empty":
        data = bytearray()
    elif how == "zeros":
        first = draw.randrange(len(data))
        last = min(len(data), first + draw.randint(1, 512))
        data[first:last] = bytes(last - first)
    else:
        data = bytearray(draw.choices(b"abc{}[]:,\n 0123", k=draw.randint(1, 300)))
    path.write_bytes(bytes(data))
    if draw.random() < 0.5:
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

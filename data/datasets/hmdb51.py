"""HMDB51: 6,766 clips, 51 classes, three official splits of 70 training and 30 test clips a class.

H. Kuehne, H. Jhuang, E. Garrote, T. Poggio, T. Serre, "HMDB: A Large Video Database for Human Motion
Recognition", ICCV 2011. The lists mark every clip 1 (train), 2 (test) or 0 (not used in that split). Groups
are the film or web video that a clip was cut from, as far as its name tells, within a class: none of them is
on two sides. Across classes films do recur: a title that is tested may train too, under another class.
"""

import re
from pathlib import Path, PurePosixPath

import pandas as pd

from vidattn.data.datasets import Dataset, Item, Sides
from vidattn.data.files import split_lists

CLASSES = """
brush_hair cartwheel catch chew clap climb climb_stairs dive draw_sword dribble drink eat fall_floor
fencing flic_flac golf handstand hit hug jump kick kick_ball kiss laugh pick pour pullup punch push
pushup ride_bike ride_horse run shake_hands shoot_ball shoot_bow shoot_gun sit situp smile smoke
somersault stand swing_baseball sword sword_exercise talk throw turn walk wave
"""
TAIL = re.compile(r"_[fhlu]_[cn]m_np\d+_(?:ba|fr|le|ri)_(?:bad|goo|med)_\d+$")


def source(stem: str) -> tuple[str, str] | None:
    """The title and the class in a name `<title>_<class>_<view>_<camera>_<people>_<side>_<quality>_<n>`."""
    tail = TAIL.search(stem)
    if not tail:
        return None
    known = [label for label in DATASET.classes if stem[: tail.start()].endswith(f"_{label}")]
    label = max(known, key=len, default=None)
    return (stem[: tail.start() - len(label) - 1], label) if label else None


def place(path: PurePosixPath) -> str | None:
    """Clips by their names, which hold the class (`!`, `+`, brackets and all); split lists by theirs."""
    if split_lists.HMDB_LIST.match(path.name):
        return f"splits/{path.name}"
    parsed = source(path.stem)
    return f"clips/{parsed[1]}/{path.name}" if parsed and path.suffix.lower() == ".avi" else None


def items(home: Path) -> list[Item]:
    """All clips of the official lists, also those that are not on the disk."""
    marks = split_lists.hmdb_marks(home / "raw" / "splits", 1, DATASET.classes, DATASET.how)
    found = []
    for label, name in marks:
        stem = PurePosixPath(name).stem
        parsed = source(stem)
        title = parsed[0] if parsed else stem
        found.append(Item(stem, label, f"{label}/{title}", f"raw/clips/{label}/{name}"))
    return found


def sides(home: Path, index: pd.DataFrame, number: int) -> Sides:
    """Split `number`: code 1 trains, code 2 tests, code 0 does neither."""
    marks = split_lists.hmdb_marks(home / "raw" / "splits", number, DATASET.classes, DATASET.how)
    sets = (
        [PurePosixPath(name).stem for (_, name), mark in marks.items() if mark == code] for code in (1, 2)
    )
    return Sides(*(tuple(sorted(clips)) for clips in sets))


DATASET = Dataset(
    name="hmdb51",
    kind="video",
    classes=tuple(CLASSES.split()),
    folds=3,
    official_size=6766,
    items=items,
    sides=sides,
    how="vidattn data import hmdb51 <folder or archive with the clips, then with testTrainMulti_7030_splits>",
    place=place,
    advice=(
        "The server that published HMDB51 (hmdb51_org.rar, test_train_splits.rar) no longer answers. "
        "Import a copy instead: the class folders with the .avi clips, and the folder with the 153 files "
        "<class>_test_split<n>.txt."
    ),
)

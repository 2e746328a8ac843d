"""Sports-1M-99: 18,319 links to YouTube videos of 99 sports, as published with You & Korhonen (ICIP 2020).

The lists are built from Sports-1M (A. Karpathy et al., CVPR 2014, CC BY 3.0). Known defects, handled here and
never repaired in the files: 3 lines hold no video id and are dropped; 433 ids stand under 2 to 5 classes (911
lines) and are quarantined, as one label cannot be right for them. That leaves 17,838 distinct ids, 17,405
of them usable. The paper split lines at random, which puts one video on both sides; here ids are split.
There is no official split: the three folds test 30 % of the ids of each class, chosen by a hash, so that
they do not depend on what can still be had.
"""

import hashlib
import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from vidattn.data.datasets import Dataset, Item, Sides, Source

CLASSES = """
abseiling,archery,artistic gymnastics,backstroke,baguazhang,balance beam,bmx,board
sports,bobsleigh,bocce,bodyboarding,boomerang,boules,bowling,bowls,breaststroke,bujinkan,butterfly
stroke,carom billiards,croquet,cross-country skiing,cue sports,curling,cyclo-cross,decathlon,dirt
jumping,duathlon,figure skating,flying trapeze,freeboard (skateboard),freeride,freestyle
bmx,freestyle scootering,freestyle skiing,freestyle
swimming,gymnastics,hapkido,heptathlon,horizontal bar,jeet kune do,judo,juggling
club,kajukenbo,kalaripayattu,kite,kite landboarding,kitesurfing,knife throwing,krav maga,kuk sool
won,luge,mountainboarding,ninjutsu,nordic skiing,northern praying mantis (martial art),parallel
bars,parasailing,pehlwani,pencak silat,pentathlon,petanque,pole climbing (gymnastic),pommel
horse,practical shooting,race walking,rings (gymnastics),road bicycle racing,rope climbing,russian
pyramid,shooting sport,shorinji kempo,shuai jiao,shuffleboard,skateboarding,skee ball,skeleton
(sport),ski jumping,skibobbing,skijoring,skimboarding,skipping rope,skittles
(sport),slacklining,sled dog racing,speed skating,sporting clays,squash (sport),streetluge,strength
athletics,swimming (sport),telemark skiing,ten-pin
bowling,trapeze,unicycle,vovinam,wakeboarding,wakesurfing,wallball,xing yi quan
"""
ID = re.compile(r"[A-Za-z0-9_-]{11}")
VIDEOS = (".mp4", ".mkv", ".webm", ".avi", ".mov", ".flv", ".3gp")
LINKS = ("video_links_99.txt", "video_links (99 classes).txt")
LABELS = ("labels_99.txt", "labels (99 classes).txt")
BASE = (
    "https://raw.githubusercontent.com/junyongyou/Attention-boosted-deep-networks-for-video-classification/"
    "27eb013630dc243a4eebb9612cb5235ee620c6b0/utils/"
)


class Links(NamedTuple):
    """The link list, read: classes by id in order of appearance, and the lines without an id."""

    classes: dict[str, tuple[str, ...]]
    broken: tuple[str, ...]


def links(path: Path) -> Links:
    """Reads `[class]` sections of one address a line."""
    classes: dict[str, tuple[str, ...]] = {}
    broken, section = [], ""
    for line in path.read_text(encoding="ascii").splitlines():
        if line.startswith("["):
            section = line.strip()[1:-1]
            continue
        found = line.strip().rpartition("v=")[2]
        if ID.fullmatch(found):
            classes[found] = (*classes.get(found, ()), section)
        elif line.strip():
            broken.append(line.strip())
    return Links(classes, tuple(broken))


def place(path: PurePosixPath) -> str | None:
    """The two lists, and videos named `<id>.<suffix>` or `<title> [<id>].<suffix>`."""
    for names in (LINKS, LABELS):
        if path.name in names:
            return names[0]
    found = re.search(r"(?:^|\[)([A-Za-z0-9_-]{11})\]?$", path.stem)
    return f"clips/{found[1]}{path.suffix.lower()}" if found and path.suffix.lower() in VIDEOS else None


def items(home: Path) -> list[Item]:
    """One item an id; ids under several classes carry the reason why they cannot be used."""
    lists = home / "raw" / LINKS[0]
    if not lists.exists():
        raise FileNotFoundError(f"sports1m99 has no list of links at {lists}. Get it with: {DATASET.how}")
    there = {path.stem: path.name for path in sorted((home / "raw" / "clips").glob("*.*"))}
    found = []
    for clip, labels in links(lists).classes.items():
        reason = f"stands under {len(labels)} classes: {'; '.join(labels)}" if len(labels) > 1 else ""
        path = f"raw/clips/{there.get(clip, clip + '.mp4')}"
        found.append(Item(clip, labels[0], clip, path, reason=reason))
    return found


def sides(home: Path, index: pd.DataFrame, number: int) -> Sides:
    """30 % of the ids of each class test, chosen by a hash of fold and id; shared ids are on neither side."""
    single = index.loc[~index["reason"].str.startswith("stands under")]
    test: list[str] = []
    for _, clips in single.groupby("label")["clip"]:
        order = sorted(clips, key=lambda clip: hashlib.sha256(f"{number} {clip}".encode()).digest())
        test += order[: round(0.3 * len(order))]
    tested = single["clip"].isin(test)
    return Sides(tuple(single.loc[~tested, "clip"]), tuple(single.loc[tested, "clip"]))


DATASET = Dataset(
    name="sports1m99",
    kind="video",
    classes=tuple(CLASSES.replace("\n", " ").strip().replace(", ", ",").split(",")),
    folds=3,
    official_size=18319,
    items=items,
    sides=sides,
    how="vidattn data import sports1m99 <folder with the two lists, then a folder of videos named by id>",
    place=place,
    sources=(
        Source(
            (BASE + "labels%20(99%20classes).txt",),
            LABELS[0],
            "4ad34f4228d09ce39768c7913f63c972f546eb3de45663ec28f0737cf994cbd1",
            1387,
        ),
        Source(
            (BASE + "video_links%20(99%20classes).txt",),
            LINKS[0],
            "3a2302bb52d7a462d269d5803b8147785aa7f0652de7f60321aa0e1ba40896cf",
            825924,
        ),
    ),
    advice=(
        "The videos of Sports-1M-99 are not published as files, and many links of 2014 are dead. "
        "Import what you have, named <id>.mp4; index.csv says id by id what is there."
    ),
)

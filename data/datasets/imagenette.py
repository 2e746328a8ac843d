"""Imagenette (v2): 9,469 training and 3,925 validation pictures of ten easy ImageNet classes.

fastai/imagenette, Apache-2.0; the pictures are ImageNet's (research use). Kept as single files,
`raw/<train|val>/<WordNet id>/<picture>`; `val` is the test side.
"""

from pathlib import Path, PurePosixPath

import pandas as pd

from vidattn.data.datasets import Dataset, Item, Sides
from vidattn.data.media import pictures

NAMES = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
SIDES = ("train", "val")


def place(path: PurePosixPath) -> str | None:
    """`<train|val>/<WordNet id>/<picture>`."""
    parts = path.parts[-3:]
    known = len(parts) == 3 and parts[0] in SIDES and parts[1] in NAMES
    return "/".join(parts) if known and path.suffix.lower() in (".jpeg", ".jpg", ".png") else None


def items(home: Path) -> list[Item]:
    """Every picture that is there; each is a group of its own."""
    found = []
    for path in sorted((home / "raw").glob("*/n*/*")):
        side, wnid = path.parts[-3:-1]
        if side in SIDES and wnid in NAMES:
            clip = f"{side}_{wnid}_{path.stem}"
            found.append(Item(clip, NAMES[wnid], clip, f"raw/{side}/{wnid}/{path.name}"))
    if not found:
        raise FileNotFoundError(f"imagenette has no pictures in {home / 'raw'}. Get them with: {DATASET.how}")
    return found


def sides(home: Path, index: pd.DataFrame, number: int) -> Sides:
    """The published split."""
    return Sides(*(tuple(index.loc[index["clip"].str.startswith(f"{side}_"), "clip"]) for side in SIDES))


def generate(home: Path, params: dict) -> None:
    """Loads the set with TensorFlow Datasets and keeps the pictures' own bytes."""
    folders = {"train": "train", "validation": "val"}
    pictures.from_tfds("imagenette/320px-v2", home / "raw", folders, tuple(NAMES), encoded=True)


DATASET = Dataset(
    name="imagenette",
    kind="image",
    classes=tuple(NAMES.values()),
    folds=1,
    official_size=13394,
    items=items,
    sides=sides,
    how="vidattn data fetch imagenette, or vidattn data import imagenette <folder with train/ and val/>",
    place=place,
    generate=generate,
)

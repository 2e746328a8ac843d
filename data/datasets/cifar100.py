"""CIFAR-100: 50,000 training and 10,000 test pictures of 32x32 pixels, 100 classes.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. Kept as one lossless mosaic
per class and side (`raw/<side>/<class>.webp` or `.png`, tiles row by row) or as single pictures
(`raw/<side>/<class>/*.png`). The path of a tile is `<file>#<side of the tile>:<number>`.
"""

from pathlib import Path, PurePosixPath

import pandas as pd

from vidattn.data.datasets import Dataset, Item, Sides
from vidattn.data.media import pictures

CLASSES = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower
leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid
otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
wardrobe whale willow_tree wolf woman worm
"""
TILE = 32
TILES = {"train": 500, "test": 100}


def place(path: PurePosixPath) -> str | None:
    """`<side>/<class>.webp|png` mosaics or `<side>/<class>/<picture>.png`."""
    parts, kind = path.parts, path.suffix.lower()
    if len(parts) >= 2 and parts[-2] in TILES and path.stem in DATASET.classes and kind in (".webp", ".png"):
        return "/".join(parts[-2:])
    if len(parts) >= 3 and parts[-3] in TILES and parts[-2] in DATASET.classes and kind == ".png":
        return "/".join(parts[-3:])
    return None


def items(home: Path) -> list[Item]:
    """Every tile that a mosaic must have, or the single pictures, of which there must be as many."""
    found = []
    for side, count in TILES.items():
        for label in DATASET.classes:
            mosaic = next((home / "raw" / side).glob(f"{label}.*"), None)
            singles = sorted((home / "raw" / side / label).glob("*.png"))
            if mosaic is None and len(singles) != count:
                raise FileNotFoundError(
                    f"cifar100 has {len(singles)} {side} pictures of {label!r} in {home}, not {count}. "
                    f"Get them with: {DATASET.how}"
                )
            name = f"raw/{side}/{mosaic.name}" if mosaic else ""
            paths = [f"{name}#{TILE}:{i}" for i in range(count)]
            paths = paths if mosaic else [f"raw/{side}/{label}/{path.name}" for path in singles]
            clips = [f"{side}_{label}_{i:03d}" for i in range(len(paths))]
            found += [Item(clip, label, clip, path) for clip, path in zip(clips, paths)]
    return found


def sides(home: Path, index: pd.DataFrame, number: int) -> Sides:
    """The one official split; every picture is a group of its own."""
    return Sides(*(tuple(index.loc[index["clip"].str.startswith(f"{side}_"), "clip"]) for side in TILES))


def generate(home: Path, params: dict) -> None:
    """Loads the set with TensorFlow Datasets and keeps it as mosaics."""
    pictures.from_tfds("cifar100", home / "raw", {"train": "train", "test": "test"}, DATASET.classes)


DATASET = Dataset(
    name="cifar100",
    kind="image",
    classes=tuple(CLASSES.split()),
    folds=1,
    official_size=60000,
    items=items,
    sides=sides,
    how="vidattn data fetch cifar100, or vidattn data import cifar100 <folder with train/ and test/>",
    place=place,
    generate=generate,
)

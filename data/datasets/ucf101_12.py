"""UCF101-12: 900 clips of UCF101, 12 classes x 25 groups x 3 clips, re-encoded to 224x168 at 12.5 fps.

Made from UCF101 (K. Soomro, A. R. Zamir, M. Shah, CRCV-TR-12-01, 2012); its numbers are not comparable with
those of UCF101. The folds are the official ones restricted to these clips: 648 train, 252 test. The clips
Basketball g03_c01 and g23_c01 are the same bytes in two groups (test and train in split 1): folds leave the
training copy out.
"""

from pathlib import Path, PurePosixPath

import pandas as pd

from vidattn.data.datasets import Dataset, Item, Sides
from vidattn.data.files import split_lists

CLASSES = """
ApplyEyeMakeup ApplyLipstick Archery BabyCrawling BalanceBeam BandMarching BaseballPitch Basketball
BasketballDunk Punch PushUps YoYo
"""
MANIFEST = "manifest.csv"


def place(path: PurePosixPath) -> str | None:
    """Clips, manifest and UCF101 lists by their names; the original AVI samples are left out."""
    if path.name == MANIFEST:
        return MANIFEST
    if path.name in split_lists.UCF_LISTS:
        return f"splits/{path.name}"
    parsed = split_lists.ucf_clip(path.name, DATASET.classes)
    return f"clips/{parsed.label}/{path.name}" if parsed and path.suffix.lower() == ".mp4" else None


def _manifest(home: Path) -> pd.DataFrame:
    path = home / "raw" / MANIFEST
    if not path.exists():
        raise FileNotFoundError(f"ucf101_12 has no {MANIFEST} at {path}. Get it with: {DATASET.how}")
    return pd.read_csv(path)


def items(home: Path) -> list[Item]:
    """All 900 clips of the manifest, with the digests it states."""
    found = []
    for row in _manifest(home).itertuples():
        parsed = split_lists.ucf_clip(PurePosixPath(row.file).name, DATASET.classes)
        if parsed is None:
            raise ValueError(f"{row.file!r} in {MANIFEST} of ucf101_12 is no clip of its 12 classes.")
        found.append(Item(parsed.clip, parsed.label, parsed.group, f"raw/{row.file}", row.sha256))
    return found


def sides(home: Path, index: pd.DataFrame, number: int) -> Sides:
    """Split `number` of the UCF101 lists, restricted to these clips; without them, the manifest's columns."""
    folder = home / "raw" / "splits"
    if folder.is_dir():
        lists = split_lists.ucf_lists(folder, number, DATASET.how)
        sets = ({PurePosixPath(name).stem for name in side} for side in lists)
    else:
        manifest = _manifest(home)
        role, stems = manifest[f"split{number}"], manifest["file"].map(lambda name: PurePosixPath(name).stem)
        sets = (set(stems[role == side]) for side in ("train", "test"))
    return Sides(*(tuple(index.loc[index["clip"].isin(clips), "clip"]) for clips in sets))


DATASET = Dataset(
    name="ucf101_12",
    kind="video",
    classes=tuple(CLASSES.split()),
    folds=3,
    official_size=900,
    items=items,
    sides=sides,
    how="vidattn data import ucf101_12 <folder with clips/ and manifest.csv>",
    place=place,
    advice="UCF101-12 is not published; import a folder with clips/<class>/v_*.mp4 and manifest.csv.",
)

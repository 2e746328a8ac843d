"""Two sides of a comparison take turns on the same clips: the tools of the data speed study."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

COLUMNS = ["name", "ours", "theirs", "ratio", "unit", "n", "note"]


def row(name: str, ours: float, theirs: float, unit: str, n: int, note: str) -> dict:
    """A line of the table, with the ratio."""
    ratio = ours / theirs if theirs else np.nan
    return dict(zip(COLUMNS, (name, ours, theirs, ratio, unit, n, note)))


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process, and of the processes that the work started and waited for."""
    start = _spent()
    work()
    return _spent() - start


def _spent() -> float:
    others = os.times()
    return time.process_time() + others.children_user + others.children_system


def turns(ours: Callable[[], object], theirs: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Least CPU seconds of each side, the sides taking turns."""
    both = [(cpu(ours), cpu(theirs)) for _ in range(repeats)]
    return min(a for a, _ in both), min(b for _, b in both)


def real(shared: str | Path | None) -> Path | None:
    """The folder `ucf101_12`, where there is one."""
    if shared is None:
        return None
    folders = [Path(shared) / "ucf101_12", Path(shared) / "data" / "ucf101_12"]
    found = [folder for folder in folders if folder.is_dir()]
    if not found:
        raise FileNotFoundError(f"No ucf101_12 in {shared}; leave the folder out to use generated clips.")
    return found[0].resolve()  # the index keeps whole paths


def index(real: Path | None, store: Path, count: int) -> pd.DataFrame:
    """An index of real clips, spread over the classes, or of generated ones; kept as `store/all.csv`."""
    if real is None:
        rows = [generate(store / f"clip{number}.avi", number) for number in range(count)]
    else:
        table = pd.read_csv(real / "manifest.csv")
        table = table.iloc[:: max(1, len(table) // count)].head(count)
        rows = [{"path": str(real / r.file), "frames": r.frames, "fps": r.fps} for r in table.itertuples()]
    index = pd.DataFrame(rows)
    index.insert(0, "clip", [f"clip{number}" for number in range(len(index))])
    index = index.assign(digest="", status="ok")
    index.to_csv(store / "all.csv", index=False)
    return index


def subset(store: Path, name: str, count: int | None) -> str:
    """A data set of the first clips, of its own, so that every measurement starts with nothing made."""
    (store / name).mkdir()
    pd.read_csv(store / "all.csv").head(count).to_csv(store / name / "index.csv", index=False)
    return name


def generate(path: Path, seed: int, count: int = 60) -> dict:
    """A clip of a texture that drifts, 224x168, Motion JPEG."""
    rng = np.random.default_rng(seed)
    texture = cv2.GaussianBlur(rng.integers(0, 256, (168, 224, 3)).astype(np.float32), (0, 0), 3)
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 12.5, (224, 168))
    for number in range(count):
        writer.write(np.roll(texture, (number, 2 * number), (0, 1)))
    writer.release()
    return {"path": str(path), "frames": count, "fps": 12.5}

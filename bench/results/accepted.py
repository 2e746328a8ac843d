"""Whether the reference contradicts itself: each of its rows says the same thing in more than one way."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from vidattn.bench.results import files
from vidattn.bench.results.reader import COORDINATES

TEXTS = ("clips", "hits", "digest")
COLUMNS = (*COORDINATES, "fold", "seed", "top1", "n", *TEXTS)
DIGEST = re.compile("([0-9a-f]{16})?")
ROUNDING = 1e-5  # the file has six digits
AGAIN = "Restore it from git, or remove it and accept every suite again."


def require(path: Path) -> None:
    """Raises `ValueError` with the first row of the reference that cannot be; a missing file passes."""
    if not path.is_file():
        return
    types = {**dict.fromkeys((*COORDINATES, *TEXTS), str), "fold": int, "seed": int, "n": int, "top1": float}
    frame = files.table(path, COLUMNS, AGAIN, dtype=types, keep_default_na=False)
    if why := next(_impossible(frame), None):
        raise ValueError(f"{path} is damaged: {why}. {AGAIN}")


def _impossible(frame: pd.DataFrame) -> Iterator[str]:
    """What a row cannot say, in words."""
    names = zip(frame[list(COORDINATES)].to_numpy(), frame["fold"], frame["seed"])
    runs = pd.Series([f"{'-'.join(cell)} fold {fold} seed {seed}" for cell, fold, seed in names], dtype=str)
    yield from (f"{run} stands there twice" for run in runs[runs.duplicated()])
    for run, row in zip(runs, frame.itertuples()):
        if not all(DIGEST.fullmatch(text) for text in (row.clips, row.digest)):
            yield f"a digest of {run} is not of 16 hexadecimal digits"
        if row.hits:
            yield from _miscounted(run, row.hits, row.n, row.top1)


def _miscounted(run: str, hits: str, n: int, top1: float) -> Iterator[str]:
    """Hits, a bit a clip in hexadecimal and filled up with zeros to whole bytes, against n and top-1."""
    size = -(-n // 8)
    try:
        bits = f"{int(hits, 16):0{8 * size}b}" if len(hits) == 2 * size else ""
    except ValueError:
        bits = ""
    if not bits or "1" in bits[n:]:
        yield f"the hits of {run} are not of its {n} clips"
    elif abs(bits.count("1") / n - top1) > ROUNDING:
        yield f"top1 of {run} is {top1}, and {bits.count('1') / n:.6g} by its hits"

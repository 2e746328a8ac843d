"""The accepted state, results/reference.csv: one row a run, every test clip's hit as a bit."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from vidattn.bench import reading, render, stats, summary
from vidattn.bench.results import COORDINATES, Results
from vidattn.data import atomic

SIZES = ("parameters", "trainable", "flops")
COLUMNS = [*COORDINATES, "fold", "seed", "top1", "error", "n", "groups", *SIZES]
COLUMNS += ["clips", "hits", "git_commit", "reason"]


def make(results: Results, reason: str, errors: bool = True) -> pd.DataFrame:
    """The reference that these results would be; `errors=False` leaves the bootstrap out.

    Columns: coordinates, fold, seed, top1, its standard error over groups, n, groups, parameters, trainable,
    FLOPs, `clips` (digest of the test list with groups and labels), `hits` (a bit a clip, sorted by name, in
    hexadecimal), commit, reason.
    """
    rows = []
    for cell in results.ids:
        predictions = results.predictions(cell)
        rows += [_row(record, _run(predictions, record), reason, errors) for record in results.records[cell]]
    return pd.DataFrame(rows, columns=COLUMNS)


def write(frame: pd.DataFrame, path: Path) -> Path:
    """Write the reference."""
    return atomic.write(path, render.csv(frame))


def read(path: Path) -> pd.DataFrame:
    """Read the reference; says what to do where there is none or where it is damaged."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"No reference at {path}. Make one with `vidattn check --accept '<reason>'`.")
    texts = dict.fromkeys([*COORDINATES, "clips", "hits", "git_commit", "reason"], str)
    again = "Restore it from git or accept a new one."
    return reading.table(path, COLUMNS, again, dtype=texts, keep_default_na=False, na_values={"error": [""]})


def listing(predictions: pd.DataFrame) -> str:
    """Digest of a run's test list: clips, groups, labels."""
    rows = sorted(zip(predictions["clip"], predictions["group"], predictions["label"]))
    return hashlib.sha256("".join("\t".join(row) + "\n" for row in rows).encode()).hexdigest()[:16]


def encode(hits: np.ndarray) -> str:
    """Bits as hexadecimal digits."""
    return np.packbits(np.asarray(hits, dtype=bool)).tobytes().hex()


def decode(text: str, n: int) -> np.ndarray:
    """(n,) bits of hexadecimal digits."""
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), dtype=np.uint8), count=n).astype(float)


def ordered(predictions: pd.DataFrame) -> pd.DataFrame:
    """A run's predictions in the order of the hits."""
    return predictions.sort_values("clip", kind="stable", ignore_index=True)


def _run(predictions: pd.DataFrame, record: dict) -> pd.DataFrame:
    if predictions.empty:
        return predictions
    return ordered(predictions[predictions["run"] == f"{record['fold']}-{record['seed']}"])


def _row(record: dict, frame: pd.DataFrame, reason: str, errors: bool) -> dict:
    names = ("fold", "seed", "n", *SIZES, "git_commit")
    row = {**record["cell"], **{k: record.get(k) for k in names}, "top1": record["metrics"]["top1"]}
    if len(frame):
        row["groups"] = frame["group"].nunique()
        if errors:
            row["error"] = stats.interval(summary.hits(frame), frame["group"], frame["run"]).error
        row |= {"clips": listing(frame), "hits": encode(summary.hits(frame))}
    return row | {"reason": reason}

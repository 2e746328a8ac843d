"""The accepted state, results/reference.csv: one row a run, every test clip's hit as a bit."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from vidattn.bench.analysis import samples
from vidattn.bench.regression import exact_match
from vidattn.bench.report import render
from vidattn.bench.results import files as reading
from vidattn.bench.results.reader import COORDINATES, Results, identity
from vidattn.data.files import atomic

SIZES = ("parameters", "trainable", "flops")
COLUMNS = [*COORDINATES, "fold", "seed", "top1", "error", "n", "groups", *SIZES]
TEXTS = ["clips", "hits", "digest", "device", "reason"]
COLUMNS += TEXTS


def make(
    results: Results,
    reason: str,
    errors: bool = True,
    cells: Sequence[str] | None = None,
    runs: Collection[tuple[int, int]] | None = None,
) -> pd.DataFrame:
    """The reference that these results would be; `errors=False` leaves the bootstrap out.

    Args:
        results: What was measured.
        reason: Why it may be the reference.
        errors: Whether to estimate the errors of top-1.
        cells: Of the results; None: all.
        runs: (fold, seed) of the runs that are wanted; None: all.

    Columns: coordinates, fold, seed, top1, its standard error over groups, n, groups, parameters, trainable,
    FLOPs, `clips` (digest of the test list with groups and labels), `hits` (a bit a clip, sorted by name, in
    hexadecimal), `digest` (`exact_match`), device, reason.
    """
    rows = []
    for cell in results.ids if cells is None else cells:
        tested = results.tested(cell)
        for record in results.records[cell]:
            run = (record["fold"], record["seed"])
            if runs is None or run in runs:
                frame = ordered(pd.DataFrame(tested[run])) if run in tested else pd.DataFrame()
                rows.append(_row(record, frame, reason, errors))
    return pd.DataFrame(rows, columns=COLUMNS)


def merge(frame: pd.DataFrame, path: Path, planned: Mapping[str, Collection[tuple[int, int]]] | None) -> Path:
    """Put these rows into the reference, in the place of its rows of the same runs; the others stay.

    A run that is what it was keeps its row, and the reason that it was accepted for.

    Args:
        frame: As of `make`.
        path: The reference; it may be missing.
        planned: Cell -> (fold, seed) of the runs that stay if they are there already; None keeps all.
    """
    before = read(path) if path.is_file() else frame[:0]
    same = [*COORDINATES, "fold", "seed", "digest", "clips", *SIZES]
    old = set(map(tuple, before[same].to_numpy().tolist()))
    frame = frame[[row not in old for row in map(tuple, frame[same].to_numpy().tolist())]]
    new = set(_runs(frame))
    stays = [
        run not in new and (planned is None or run[1:] in planned.get(run[0], ())) for run in _runs(before)
    ]
    kept = before[np.array(stays, bool)]
    return atomic.write(path, render.csv(pd.concat([kept, frame]) if len(kept) else frame))


def by_cell(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of the reference by cell."""
    return {identity(dict(zip(COORDINATES, key))): part for key, part in frame.groupby(list(COORDINATES))}


def _runs(frame: pd.DataFrame) -> list[tuple[str, int, int]]:
    """Cell, fold and seed of each row."""
    cells = [identity(dict(zip(COORDINATES, names))) for names in frame[list(COORDINATES)].to_numpy()]
    return list(zip(cells, frame["fold"], frame["seed"]))


def read(path: Path) -> pd.DataFrame:
    """Read the reference; says what to do where there is none or where it is damaged."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"No reference at {path}. Make one with `vidattn check --accept '<reason>'`.")
    texts = dict.fromkeys([*COORDINATES, *TEXTS], str)
    again = "Restore it from git, or remove it and accept every suite again."
    return reading.table(path, COLUMNS, again, dtype=texts, keep_default_na=False, na_values={"error": [""]})


def listing(predictions: pd.DataFrame) -> str:
    """Digest of a run's test list: clips, groups, labels."""
    rows = sorted(zip(predictions["clip"], predictions["group"], predictions["label"]))
    return hashlib.sha256("".join("\t".join(row) + "\n" for row in rows).encode()).hexdigest()[:16]


def sizes(old: pd.DataFrame, now: pd.DataFrame) -> str:
    """Which of parameters, trainable parameters and FLOPs changed, from what to what; "" where none did."""
    changes = [_change(name, old[name], now[name]) for name in SIZES]
    return ", ".join(change for change in changes if change)


def encode(hits: np.ndarray) -> str:
    """Bits as hexadecimal digits."""
    return np.packbits(np.asarray(hits, dtype=bool)).tobytes().hex()


def decode(text: str, n: int) -> np.ndarray:
    """(n,) bits of hexadecimal digits."""
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), dtype=np.uint8), count=n).astype(float)


def ordered(predictions: pd.DataFrame) -> pd.DataFrame:
    """A run's predictions in the order of the hits."""
    return predictions.sort_values("clip", kind="stable", ignore_index=True)


def _change(name: str, old: pd.Series, now: pd.Series) -> str:
    before, after = sorted(set(old.astype(float))), sorted(set(now.astype(float)))
    if before == after:
        return ""
    return f"{name} {'/'.join(f'{x:.0f}' for x in before)} -> {'/'.join(f'{x:.0f}' for x in after)}"


def _row(record: dict, frame: pd.DataFrame, reason: str, errors: bool) -> dict:
    names = ("fold", "seed", "n", *SIZES)
    row = {**record["cell"], **{k: record.get(k) for k in names}, "top1": record["metrics"]["top1"]}
    if len(frame):
        row["groups"] = frame["group"].nunique()
        if errors:
            from vidattn.bench.analysis import contrasts  # imports SciPy's statistics

            row["error"] = contrasts.clip_error(samples.hits(frame), frame["group"], np.zeros(len(frame)))
        row |= {"clips": listing(frame), "hits": encode(samples.hits(frame))}
    return row | {"digest": exact_match.digest(record, frame), "device": record["device"], "reason": reason}

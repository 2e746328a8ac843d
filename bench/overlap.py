"""Cells that were tested on other splits, compared on the clips that all of them were tested on."""

import pandas as pd

from vidattn.bench import stats, summary
from vidattn.bench.results import Results

GAIN = "leakage: gain of "  # begins the effects in icip_explained that are of a gain, not of a head
COLUMNS = ["group", "run", "first", "second"]


def by_clip(results: Results, cell: str, control: str) -> pd.DataFrame:
    """Clips that both cells were tested on in any run: group, run, first, second (means over their runs)."""
    return _joined(*(_means(results, name) for name in (cell, control)))


def gains(results: Results, first: tuple[str, str], second: tuple[str, str]) -> pd.DataFrame:
    """Two gains clip by clip: each side is a cell and its base, and its value a clip that of cell less base.

    The mean of `first - second` over the clips that all four were tested on is a difference in differences.
    """
    sides = [[_means(results, name) for name in side] for side in (first, second)]
    return _joined(*(cell.assign(hit=cell["hit"] - base["hit"]).dropna() for cell, base in sides))


def difference(rows: pd.DataFrame) -> stats.Difference | None:
    """The mean of `first - second` with its interval over groups; None without a clip in common."""
    return stats.difference(*(rows[c] for c in ("first", "second", "group", "run"))) if len(rows) else None


def _means(results: Results, cell: str) -> pd.DataFrame:
    """A clip's group and its mean accuracy over the runs that tested it, by clip."""
    frame = results.predictions(cell)
    if frame.empty:
        return pd.DataFrame({"hit": pd.Series(dtype=float), "group": pd.Series(dtype=str)})
    hits = frame.assign(hit=summary.hits(frame)).groupby("clip")
    return hits.agg(hit=("hit", "mean"), group=("group", "first"))


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    both = first.join(second[["hit"]], rsuffix="_other", how="inner").reset_index(drop=True)
    return both.rename(columns={"hit": "first", "hit_other": "second"}).assign(run=0)[COLUMNS]

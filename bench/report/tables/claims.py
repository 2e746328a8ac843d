"""What the thesis and the ICIP paper say of attention, put to our runs: confirmed, contradicted or open."""

import pandas as pd

from vidattn.bench.analysis import claims
from vidattn.bench.report import render
from vidattn.bench.results.reader import Results

FIRST = ["claim", "expected", "verdict", "dataset", "protocol", "models", "planned"]
LEFT_OUT = ("p",)


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per claim, data set and clean protocol that tests it; `planned` counts its models there.

    The difference is the mean over models of top-1 minus that of the same model without what the claim speaks
    of, on the same clips; Holm corrects over the rows of a claim. Confirmed: significant in the direction
    claimed; contradicted: in the other; "not lower" is confirmed where a loss of two points is excluded. All
    sets are ours: a claim is tested here, not on the data that it was made on.
    """
    frame = claims.table(results, options.get("planned"))
    return frame[[*FIRST, *claims.COLUMNS, "section", "work"]]


def in_words(frame: pd.DataFrame) -> list[list[str]]:
    """A row a statement and data set; none where nothing could be put to the test."""
    if frame.empty or frame["dataset"].isna().all():
        return []
    rows = []
    for _, row in frame.iterrows():
        first = [row["claim"], row["expected"]]
        if pd.isna(row["dataset"]):
            rows.append([*first, *[render.MISSING] * 7, row["verdict"]])
            continue
        place = [f"{row['dataset']}, {row['protocol']}", f"{row['models']:.0f} of {row['planned']:.0f}"]
        counts = [f"{row['n']:,.0f}", f"{row['runs']:.0f}"]
        rows.append([*first, *place, *render.judged(row, "difference"), *counts, row["verdict"]])
    return rows

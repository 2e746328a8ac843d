"""What the thesis and the ICIP paper say of attention, put to our runs: confirmed, contradicted or open."""

import pandas as pd

from vidattn.bench.analysis import claims, numbers_in_words
from vidattn.bench.report import render
from vidattn.bench.results.reader import Results

FIRST = ["claim", "expected", "verdict", "dataset", "protocol", "models", "planned"]
LEFT_OUT = ("p", "p_zero")


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per claim, data set and clean protocol that tests it; `planned` counts its models there.

    The difference is the mean over models of top-1 minus that of the same model without what the claim speaks
    of, on the same clips; Holm corrects over the data sets and protocols on which a claim is planned, run or
    not. Confirmed: significant in the direction claimed; contradicted: in the other. "Not lower" is confirmed
    where a loss of two points or more is rejected, one-sided at 2.5 % (`p_holm` is then of this test), and
    contradicted where the difference is significantly below zero (`p_zero` is of no difference). `judged_in`
    names the part that the p of no difference is repeated from, where another is about the same difference.
    `n` and `runs` are of the arm that has fewer. All sets are ours: a claim is tested here, not on the data
    that it was made on.
    """
    frame = claims.table(results)
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
        if pd.isna(row["difference"]):
            rows.append([*first, *place, *[render.MISSING] * 5, row["verdict"]])
            continue
        counts = [numbers_in_words.arms(row["arms"], name) for name in ("n", "runs")]
        rows.append([*first, *place, *render.judged(_tested(row), "difference"), *counts, _verdict(row)])
    return rows


def _tested(row: pd.Series) -> pd.Series:
    """The row as it is shown: the p of the one-sided test is from no other part."""
    return row.drop("judged_in") if row["expected"] == "not lower" else row


def _verdict(row: pd.Series) -> str:
    """The verdict; where "not lower" is contradicted, the p that says so."""
    if row["expected"] != "not lower" or row["verdict"] != "contradicted":
        return row["verdict"]
    source = f", {row['judged_in']}" if pd.notna(row["judged_in"]) else ""
    return f"contradicted (lower, {numbers_in_words.chance(row['p_zero'])}{source})"

"""What attention is worth, first of all: a row a data set, protocol and attention."""

import pandas as pd

from vidattn.bench import sentences

HEADERS = ("attention", "data set, protocol", "difference", "clearly higher", "clearly lower", "compared")


def headline(versus: pd.DataFrame) -> list[list[str]]:
    """Rows under `HEADERS`, as text, from `summary.versus`.

    Clear is a comparison with Holm's p below 0.05. A difference quotes the smallest and the largest, each
    with its 95 % interval, so that no mean hides that an attention helps here and harms there.
    """
    known = versus[versus["difference_low"].notna()] if len(versus) else versus
    if known.empty:
        return []
    families = known.groupby(["dataset", "protocol"], sort=False)
    return [
        [attention, ", ".join(key), _ends(rows), *_counts(rows)]
        for key, part in families
        for attention, rows in part.groupby("attention", sort=False)
    ]


def _counts(part: pd.DataFrame) -> list[str]:
    clear = part[part["p_holm"] < 0.05]["difference"]
    return [str(int((clear > 0).sum())), str(int((clear < 0).sum())), str(len(part))]


def _ends(part: pd.DataFrame) -> str:
    ordered = part.sort_values("difference", kind="stable")
    ends = ordered.iloc[[0, -1]] if len(ordered) > 1 else ordered
    columns = ["difference", "difference_low", "difference_high"]
    return " to ".join(sentences.points(*values) for values in ends[columns].to_numpy())

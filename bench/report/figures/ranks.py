"""Average ranks of attentions, a figure a data set (Demsar 2006)."""

import heapq
from collections.abc import Iterator

import altair as alt
import numpy as np
import pandas as pd
from scipy.stats import studentized_range

from vidattn.bench.report.figures.style import WIDTH, Drawing, Layers, data
from vidattn.bench.results.reader import Results

BLOCK = ["backbone", "architecture", "protocol", "fold", "seed"]
ROW = 20  # pixels of a name
ORDER = 50
BESIDE = "grid"


def draw(results: Results) -> dict[str, Drawing]:
    """One figure a data set on which three or more attentions share enough runs."""
    found = {}
    for dataset, runs in results.runs.groupby("dataset", sort=False):
        ranks, blocks = average_ranks(runs)
        if len(ranks):
            left = [name for name in runs["attention"].unique() if name not in ranks.index]
            caption = _caption(dataset, ranks, blocks, left)
            found[f"critical_difference_{dataset}"] = Drawing(critical_difference(ranks, blocks), caption)
    return found


def average_ranks(runs: pd.DataFrame) -> tuple[pd.Series, int]:
    """Average rank of each attention (1 is best) over the runs they share, and how many runs those are.

    Takes the largest set of three or more attentions with enough shared runs, of equal sets the one with
    most runs. Enough: the test could tell the first rank from the last. Empty where no set has enough.
    """
    wide = runs.pivot_table(index=BLOCK, columns="attention", values="top1")
    for names, blocks in _shared(wide.notna()):
        if nemenyi(len(names), blocks) < len(names) - 1:
            ranks = wide[names].dropna().rank(axis=1, ascending=False).mean()
            return ranks.sort_values(kind="stable"), blocks
    return pd.Series(dtype=float), 0


def _shared(known: pd.DataFrame) -> Iterator[tuple[list[str], int]]:
    """Sets of three or more attentions that runs have in common, and of how many: the largest first, of equal
    ones the one with most runs.

    Any other set is part of one of these that has the same runs. Smaller sets are looked for only when the
    larger ones were given, since there may be very many.
    """
    patterns = {tuple(np.flatnonzero(row)) for row in np.unique(known.to_numpy(), axis=0)}
    waiting: list[tuple[int, int, tuple[int, ...]]] = []
    seen: set[tuple[int, ...]] = set()

    def add(columns: tuple[int, ...]) -> None:
        if len(columns) > 2 and columns not in seen:
            seen.add(columns)
            runs = int(known.iloc[:, list(columns)].all(axis=1).sum())
            heapq.heappush(waiting, (-len(columns), -runs, columns))

    for pattern in patterns:
        add(pattern)
    while waiting:
        _, runs, columns = heapq.heappop(waiting)
        yield [*known.columns[list(columns)]], -runs
        for pattern in patterns:
            add(tuple(sorted({*columns} & {*pattern})))


def _caption(dataset: str, ranks: pd.Series, blocks: int, left: list[str]) -> str:
    text = f"Average ranks on {dataset} over the {blocks} runs that {', '.join(ranks.index)} share."
    text += f" Left out, since they share too few of these runs: {', '.join(left)}." if left else ""
    return f"{text} Runs of one data set are not independent: the bars are rather too short."


def nemenyi(attentions: int, blocks: int, level: float = 0.05) -> float:
    """Critical difference of average ranks (Demsar 2006, section 3.2.2)."""
    q = studentized_range.ppf(1 - level, attentions, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(attentions * (attentions + 1) / (6 * blocks)))


def critical_difference(ranks: pd.Series, blocks: int) -> Layers:
    """Average ranks on an axis; bars join what the Nemenyi test cannot tell apart (Demsar 2006, figure 1)."""
    count, reach = len(ranks), nemenyi(len(ranks), blocks)
    joined = cliques(ranks.to_numpy(), reach)
    below, half = 0.5 * len(joined) + 0.7, -(-count // 2)  # half of the names stand on each side
    names = []
    for i, (name, rank) in enumerate(ranks.items()):
        best = i < half
        height, label = (
            below + (i if best else count - 1 - i),
            f"{name} {rank:.2f}" if best else f"{rank:.2f} {name}",
        )
        names.append(
            {"name": name, "rank": rank, "place": height, "end": 1 if best else count, "label": label}
        )
    bars = [
        {"first": ranks.iloc[i] - 0.03, "last": ranks.iloc[j] + 0.03, "place": 0.5 * (k + 1)}
        for k, (i, j) in enumerate(joined)
    ]
    across, down = alt.Scale(domain=[1, count], nice=False), alt.Scale(domain=[0, below + half], reverse=True)
    axis = alt.Axis(orient="top", values=list(range(1, count + 1)), format="d", domainColor="black")
    x = alt.X("rank:Q", scale=across, axis=axis, title=f"average rank over {blocks} runs, 1 is best")
    y = alt.Y("place:Q", scale=down, axis=None)
    of_name = alt.Chart(data(names)).encode(
        y=y,
        tooltip=[
            alt.Tooltip("name:N", title="attention"),
            alt.Tooltip("rank:Q", title="average rank", format=".2f"),
        ],
    )
    least = alt.Chart(data([{"first": 1, "last": 1 + reach, "label": f"critical difference {reach:.2f}"}]))
    above = alt.value(-46)  # the axis and its title are between
    sides = [
        of_name.transform_filter(f"datum.end {sign} 1")
        .mark_text(align=align, dx=dx)
        .encode(x=alt.X("end:Q"), text=alt.Text("label:N"))
        for sign, align, dx in (("==", "right", -5), ("!=", "left", 5))
    ]
    return alt.layer(
        of_name.mark_rule().encode(x=x, y2=alt.datum(0)),
        of_name.mark_rule().encode(x=x, x2=alt.X2("end")),
        alt.Chart(data(bars)).mark_rule(strokeWidth=4).encode(x=alt.X("first:Q"), x2=alt.X2("last"), y=y),
        least.mark_rule(strokeWidth=1.5).encode(x=alt.X("first:Q"), x2=alt.X2("last"), y=above),
        *(
            least.mark_tick(orient="vertical", thickness=1.5, size=9, color="black").encode(
                x=alt.X(f"{end}:Q"), y=above
            )
            for end in ("first", "last")
        ),
        least.mark_text(align="left", dy=-11).encode(x=alt.X("first:Q"), y=above, text=alt.Text("label:N")),
        *sides,
    ).properties(
        width=WIDTH - 280,
        padding={"left": 30, "right": 30},
        height=ROW * (below + half),
        usermeta={"least": 480},
    )


def cliques(ranks: np.ndarray, reach: float) -> list[tuple[int, int]]:
    """Longest stretches of sorted ranks that lie within `reach`: (first, last), two members or more."""
    ends = [int(np.searchsorted(ranks, rank + reach, side="left")) - 1 for rank in ranks]
    return [(i, j) for i, j in enumerate(ends) if j > i and (i == 0 or j > ends[i - 1])]

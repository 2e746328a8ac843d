"""What the two works say, each put to the runs that can tell: confirmed, contradicted or open."""

from collections.abc import Collection
from fnmatch import fnmatchcase

import pandas as pd

from vidattn.bench.analysis import comparisons, main_effects, noise_model, statistics
from vidattn.bench.analysis.noise_model import Estimate
from vidattn.bench.results.reader import Results, coordinates, identity

MARGIN = 0.02  # top-1 that may be lost while a claim of "not lower" still counts as confirmed
COLUMNS = ["difference", "difference_low", "difference_high", "p", "p_holm", "detectable", "n", "runs"]


def table(results: Results, planned: Collection[str] | None = None) -> pd.DataFrame:
    """One row a claim, data set and clean protocol on which it was put to the test; one row where nowhere.

    Holm corrects over the rows of a claim. A claim is confirmed where the mean difference over all models is
    significant in the direction claimed, contradicted where it is in the other, else open. "Not lower" is
    confirmed where the interval excludes a loss of `MARGIN` or more.

    Args:
        results: What was measured.
        planned: Every cell of params.yaml; default those of the results.
    """
    rows: list[dict] = []
    for claim in results.claims().to_dict("records"):
        tested = _tested(results, claim, results.ids if planned is None else planned)
        rows += _judged(claim, tested)
    return pd.DataFrame(rows)


def pairs(claim: dict, cells: Collection[str]) -> list[tuple[str, str]]:
    """The cells that a claim speaks of, each with the one that it is compared with, of those named."""
    key, value = claim["replaced"].split("=")
    names = dict.fromkeys(cells)
    patterns = claim["cells"].split()
    mine = [cell for cell in names if any(fnmatchcase(cell, pattern) for pattern in patterns)]
    both = [(cell, identity({**coordinates(cell), key: value})) for cell in mine]
    return [(cell, control) for cell, control in both if control in names and control != cell]


def _tested(results: Results, claim: dict, planned: Collection[str]) -> list[dict]:
    """A row a data set and protocol with an interval."""
    families: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for cell, control in pairs(claim, {**dict.fromkeys(planned), **dict.fromkeys(results.ids)}):
        where = coordinates(cell)
        if main_effects.answers(comparisons.protocol(results, where["protocol"])):
            families.setdefault((where["dataset"], where["protocol"]), []).append((cell, control))
    rows = []
    for (dataset, protocol), both in families.items():
        run = [pair for pair in both if all(results.records.get(cell) for cell in pair)]
        estimate = _mean(results, run)
        if estimate.judged:
            least = noise_model.minimal_detectable(estimate, 1)
            row = {"dataset": dataset, "protocol": protocol, "models": len(run), "planned": len(both)}
            row |= {**comparisons.interval("difference", estimate), "p": estimate.p, "detectable": least}
            runs = min(comparisons.trainings(results, *pair)["runs"] for pair in run)
            rows.append(row | {"n": estimate.n, "runs": runs})
    return rows


def _mean(results: Results, run: list[tuple[str, str]]) -> Estimate:
    """The difference over all models on the clips of one data set."""
    weights: dict[str, float] = {}
    for pair in run:
        for cell, sign in zip(pair, (1.0, -1.0)):
            weights[cell] = weights.get(cell, 0.0) + sign / len(run)
    return comparisons.paired(results, weights) if run else Estimate()


def _judged(claim: dict, tested: list[dict]) -> list[dict]:
    first = {key: claim[key] for key in ("work", "section", "claim", "expected")}
    if not tested:
        absent = dict.fromkeys(["dataset", "protocol", "models", "planned", *COLUMNS])
        return [{**first, "verdict": "open: not run", **absent}]
    corrected = statistics.holm_within(pd.Series([row["p"] for row in tested]), ["all"] * len(tested))
    return [
        {**first, "verdict": verdict(claim["expected"], {**row, "p_holm": p}), **row, "p_holm": p}
        for row, p in zip(tested, corrected)
    ]


def verdict(expected: str, row: dict) -> str:
    """`confirmed`, `contradicted` or `open` for one difference with its interval and corrected p."""
    sure = row["p_holm"] < comparisons.LEVEL
    if expected == "not lower":
        if sure and row["difference"] < 0:
            return "contradicted"
        return "confirmed" if row["difference_low"] > -MARGIN else "open"
    if not sure:
        return "open"
    return "confirmed" if (row["difference"] > 0) == (expected == "higher") else "contradicted"

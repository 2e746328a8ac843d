"""What the two works say, each put to the runs that can tell: confirmed, contradicted or open."""

from collections.abc import Collection
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
from scipy.stats import t

from vidattn.bench.analysis import (
    comparisons,
    main_effects,
    no_learning,
    noise_model,
    planned,
    statistics,
    verdicts,
)
from vidattn.bench.analysis.noise_model import Estimate
from vidattn.bench.results.reader import Results, coordinates, identity

MARGIN = 0.02  # top-1 that may be lost while a claim of "not lower" still counts as confirmed
ONE_SIDED = comparisons.LEVEL / 2  # of the test of "not lower": that of one side of the intervals
TESTS = ["p", "p_holm", "p_zero", "judged_in", "detectable"]
COLUMNS = ["difference", "difference_low", "difference_high", *TESTS, "n", "runs"]


def table(results: Results) -> pd.DataFrame:
    """One row a claim, data set and clean protocol on which it was put to the test; one row where nowhere.

    Holm corrects over the data sets and protocols on which a claim is planned, run or not. A claim is
    confirmed where the mean difference over all models is significant in the direction claimed,
    contradicted where it is in the other, else open. "Not lower" is confirmed where a one-sided test
    rejects, at 2.5 %, that `MARGIN` or more is lost. Models whose control learned nothing (`no_learning`) are
    planned and do not count.

    `p` and `p_holm` are of the test that confirms: of no difference; of "not lower" the one-sided.
    `p_zero` is that of no difference in every row; where another part has judged the same difference,
    `judged_in` names it and the p of no difference is the one from there. `arms` has what the difference
    rests on, of each model.
    """
    rows: list[dict] = []
    for claim in results.claims().to_dict("records"):
        tested, silent, size = _tested(results, claim)
        rows += _judged(claim, tested, silent, size, planned.judged(results))
    return pd.DataFrame(rows)


def pairs(claim: dict, cells: Collection[str]) -> list[tuple[str, str]]:
    """The cells that a claim speaks of, each with the one that it is compared with, of those named."""
    key, value = claim["replaced"].split("=")
    names = dict.fromkeys(cells)
    patterns = claim["cells"].split()
    mine = [cell for cell in names if any(fnmatchcase(cell, pattern) for pattern in patterns)]
    both = [(cell, identity({**coordinates(cell), key: value})) for cell in mine]
    return [(cell, control) for cell, control in both if control in names and control != cell]


def _tested(results: Results, claim: dict) -> tuple[list[dict], list[dict], int]:
    """A row a data set and protocol with an interval, those where no control learned, how many planned."""
    families: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for cell, control in pairs(claim, [*results.planned_ids, *results.ids]):
        where = coordinates(cell)
        if main_effects.answers(comparisons.planned_protocol(results, where["protocol"])):
            families.setdefault((where["dataset"], where["protocol"]), []).append((cell, control))
    rows, silent = [], []
    for (dataset, protocol), both in families.items():
        made = [pair for pair in both if all(results.records.get(cell) for cell in pair)]
        run = [pair for pair in made if no_learning.usable(results.records[pair[1]])]
        if made and not run:
            silent.append({"dataset": dataset, "protocol": protocol, "models": 0, "planned": len(both)})
        weights = comparisons.over_models(run)
        estimate = comparisons.paired(results, weights) if run else Estimate()
        if estimate.judged:
            least = noise_model.minimal_detectable(estimate, len(families))
            row = {"dataset": dataset, "protocol": protocol, "models": len(run), "planned": len(both)}
            row |= {**comparisons.interval("difference", estimate), "detectable": least}
            row |= {"p": _p(claim["expected"], estimate), "p_of_zero": estimate.p}
            row |= {"arms": [comparisons.arms(results, *pair) for pair in run], "key": verdicts.key(weights)}
            runs = min(comparisons.trainings(results, *pair)["runs"] for pair in run)
            rows.append(row | {"n": estimate.n, "runs": runs})
    return rows, silent, len(families)


def _p(expected: str, estimate: Estimate) -> float:
    """Two-sided, of no difference; for "not lower" one-sided, of a loss of `MARGIN` or more."""
    if expected != "not lower":
        return estimate.p
    over = estimate.value + MARGIN
    return float(t.sf(over / estimate.error, estimate.freedom)) if estimate.error > 0 else float(over <= 0)


def _judged(
    claim: dict, tested: list[dict], silent: list[dict], size: int, register: verdicts.Register
) -> list[dict]:
    first = {key: claim[key] for key in ("work", "section", "claim", "expected", "cells", "replaced")}
    absent = dict.fromkeys(["dataset", "protocol", "models", "planned", *COLUMNS, "arms"])
    without = [{**first, "verdict": f"open: {no_learning.VERDICT}", **absent, **row} for row in silent]
    if not tested:
        return without or [{**first, "verdict": "open: not run", **absent}]
    own, zero = (
        statistics.holm_within(np.array([row[name] for row in tested]), ["all"] * len(tested), {"all": size})
        for name in ("p", "p_of_zero")
    )
    judged = [
        _with_verdict(first, {**row, "p_holm": float(p), "p_zero": float(other)}, register.get(row["key"]))
        for row, p, other in zip(tested, own, zero)
    ]
    return judged + without


def _with_verdict(first: dict, row: dict, before: verdicts.Judged | None) -> dict:
    """A row with its verdict; the p of no difference is that of the part that has judged it before."""
    row = {name: value for name, value in row.items() if name not in ("key", "p_of_zero")}
    row["judged_in"] = before.part if before else None
    if before:
        row["p_zero"] = before.p_holm
        if first["expected"] != "not lower":
            row |= {"p_holm": before.p_holm, "detectable": before.detectable}
    return {**first, "verdict": verdict(first["expected"], row), **row}


def verdict(expected: str, row: dict) -> str:
    """`confirmed`, `contradicted` or `open` for one difference with its corrected p."""
    sure = row["p_zero"] < comparisons.LEVEL
    if expected == "not lower":
        if sure and row["difference"] < 0:
            return "contradicted"
        return "confirmed" if row["p_holm"] < ONE_SIDED else "open"
    if not sure:
        return "open"
    return "confirmed" if (row["difference"] > 0) == (expected == "higher") else "contradicted"

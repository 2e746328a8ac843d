"""Do the statistics keep their word? Coverage of the intervals, size of the tests, error rates of the gate.

`write` makes results/tables/coverage.csv, .md and .tex. Simulated clips come in groups whose accuracies
differ (beta-binomial, intra-group correlation `icc`), in three group-disjoint folds, as in the demo data set
(12 to 24 groups) and in UCF101's official splits (75 groups here).
"""

import gc
from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from vidattn.bench import check, drops, render, stats

FOLDS = 3
CLIPS = 9
DESIGNS = [(24, 0.5, 0.0), (24, 0.5, 0.2), (12, 0.7, 0.2), (24, 0.8, 0.2), (75, 0.8, 0.2), (75, 0.95, 0.1)]
COLUMNS = ["quantity", "nominal", "rate", "rate_low", "rate_high", "groups", "n", "accuracy", "icc", "trials"]
CELLS = 12
RUN_NOISE = 0.02
REPLICATES = 1000  # the gate itself draws more; its standard error hardly changes
SAME = "gate, same seeds:"


def write(out: Path, trials: int = 2000, seed: int = 0) -> list[Path]:
    """Simulate and write the table `coverage` into a folder."""
    gc.freeze()  # statsmodels collects garbage at every Holm correction: a third of the time without this
    return render.write(table(trials, seed), Path(out), "coverage")


def table(trials: int = 2000, seed: int = 0) -> pd.DataFrame:
    """One row a quantity and design: how often it held in `trials` simulations, with an exact interval."""
    rows = [row for design in DESIGNS for row in _intervals(*design, trials, seed)]
    return pd.DataFrame(rows + _gate(max(trials // 10, 10), seed), columns=COLUMNS)


def clips(groups: int, accuracy: float, icc: float, draw: np.random.Generator) -> pd.DataFrame:
    """Two equally accurate cells on the same clips: group, run, first, second; half of the luck is shared."""
    group, run = np.repeat(np.arange(groups), CLIPS), np.repeat(np.arange(groups) % FOLDS, CLIPS)
    rates = np.full((2, groups), accuracy)
    if icc:
        scale = (1 - icc) / icc
        rates = draw.beta(accuracy * scale, (1 - accuracy) * scale, size=(2, groups))
        rates[1] = np.where(draw.random(groups) < 0.5, rates[0], rates[1])
    luck = draw.random((2, len(group)))
    luck[1] = np.where(draw.random(len(group)) < 0.5, luck[0], luck[1])
    hits = (luck < rates[:, group]).astype(float)
    return pd.DataFrame({"group": group, "run": run, "first": hits[0], "second": hits[1]})


def _intervals(groups: int, accuracy: float, icc: float, trials: int, seed: int) -> list[dict]:
    draw, found = np.random.default_rng([seed, groups, int(100 * accuracy), int(100 * icc)]), []
    for trial in range(trials):
        frame = clips(groups, accuracy, icc, draw)
        one = stats.interval(frame["first"], frame["group"], frame["run"], replicates=REPLICATES, seed=trial)
        two = stats.difference(
            *frame[["first", "second", "group", "run"]].to_numpy().T, replicates=REPLICATES, seed=trial
        )
        gaps = (frame["first"] - frame["second"]).groupby(frame["run"]).mean().to_numpy()
        row = [one.low <= accuracy <= one.high, two.low <= 0 <= two.high, two.p < 0.05]
        tests = [stats.mcnemar(frame["first"], frame["second"]), stats.corrected_t(gaps, 2, 1)[1]]
        found.append(row + [p < 0.05 for p in tests])
    names = ["coverage of the interval", "coverage of the difference", "size of the difference's test"]
    names += ["size of McNemar's test (takes clips as independent)", "size of the corrected t test"]
    setting = {"groups": groups, "n": groups * CLIPS, "accuracy": accuracy, "icc": icc}
    nominal = [0.95, 0.95, 0.05, 0.05, 0.05]
    return [_rate(*row, setting) for row in zip(names, nominal, np.array(found).T)]


def _gate(trials: int, seed: int) -> list[dict]:
    """False alarms of the whole gate, and what it catches, for twelve cells of the demo's size."""
    cases = {
        "gate: false alarm under other seeds": ({}, check.ALPHA),
        "gate: 5 points lost in one cell": ({0: 0.05}, np.nan),
        "gate: 10 points lost in one cell": ({0: 0.10}, np.nan),
        "gate: 20 points lost in one cell": ({0: 0.20}, np.nan),
        "gate: 2 points lost in every cell": (dict.fromkeys(range(CELLS), 0.02), np.nan),
        "gate: 5 points lost in every cell": (dict.fromkeys(range(CELLS), 0.05), np.nan),
        f"{SAME} 5 points lost in one cell": ({0: 0.05}, np.nan),
        f"{SAME} 10 points lost in one cell": ({0: 0.10}, np.nan),
    }
    rows: list[dict] = []
    for name, (lost, nominal) in cases.items():
        draw = np.random.default_rng([seed, len(rows)])
        failed = np.array([_fails(lost, draw, name.startswith(SAME)) for _ in range(trials)])
        rows.append(_rate(name, nominal, failed, {"groups": 24, "n": 24 * CLIPS, "accuracy": 0.75}))
    return rows


def _fails(lost: dict[int, float], draw: np.random.Generator, same: bool) -> bool:
    """Whether the gate fails for two trainings, independent or the `same` but for what was `lost`."""
    group = np.repeat(np.arange(24), CLIPS)
    fold, pairs = group % FOLDS, {}
    for cell in range(CELLS):
        rates = draw.beta(1.5, 0.5, size=len(group))  # most clips are easy or hard for every training
        shifts = draw.normal(0, RUN_NOISE, size=(2, FOLDS))[:, fold]
        shifts[1] -= lost.get(cell, 0.0)
        hits = (draw.random((2, len(group))) < rates + shifts).astype(float)
        if same:
            hits[1] = hits[0] * (draw.random(len(group)) > lost.get(cell, 0.0) / hits[0].mean())
        frame = {"fold": fold, "group": group.astype(str), "old": hits[0], "new": hits[1]}
        pairs[f"d-b-a{cell}-x-p"] = pd.DataFrame(frame)
    tests = drops.find(pairs, check.ALPHA, REPLICATES)
    return any(row["p"] <= row["limit"] for row in tests.values())


def _rate(name: str, nominal: float, held: np.ndarray, setting: dict) -> dict:
    low, high = proportion_confint(held.sum(), len(held), method="beta")
    rates = {"rate": held.mean(), "rate_low": low, "rate_high": high}
    return {"quantity": name, "nominal": nominal, **rates, **setting, "trials": len(held)}

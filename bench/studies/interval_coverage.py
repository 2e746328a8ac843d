"""Do the printed intervals keep their word? Coverage and size at every design of params.yaml, by simulation.

`write` makes results/benchmarks/coverage.csv: for each data set and protocol, hits are drawn from the
components that its predictions show (`hit_components`), in the folds, seeds and groups that params.yaml
plans, and go through the very code that makes the tables.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from vidattn.bench.analysis import contrasts, noise_model, run_variance, untrained
from vidattn.bench.analysis.noise_model import Estimate
from vidattn.bench.analysis.run_variance import Arm
from vidattn.bench.analysis.samples import Fold
from vidattn.bench.plan.suites import runs as runs_of
from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results, coordinates
from vidattn.bench.studies import hit_components
from vidattn.bench.studies.hit_components import Components
from vidattn.data.files import atomic

TRIALS, CURVE = 2000, 400  # simulations of a design, and of each point of its power curve
MOST_CELLS = 8  # that are simulated: more only make the pooled variances surer
COVERAGE, SIZE, AGAINST_ITSELF = (0.93, 0.97), (0.03, 0.07), 0.07
GAINS = (0.02, 0.05, 0.1, 0.2)
LASTING = 0.5  # of a cell's own luck with a clip, where no cell of any protocol has two seeds
DESIGN = ["dataset", "protocol", "folds", "seeds", "cells", "groups", "accuracy", "run_deviation"]
RATES = [
    f"{name}{end}" for name in ("coverage", "size", "accuracy_coverage") for end in ("", "_low", "_high")
]
COLUMNS = [*DESIGN, "fold_deviation", *RATES, *(f"power_{100 * gain:.0f}" for gain in GAINS), "trials"]
COLUMNS += ["verdict"]
Paired = Callable[[Results, dict[str, float]], Estimate]


def write(results: Results, params: object, path: Path, tell: Callable[[str], None]) -> bool:
    """Simulate, write the csv, and say whether every design kept its word."""
    frame = table(results, planned(params), tell=tell)
    made = study_code.stamped(frame, "coverage")
    atomic.write(path, made.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    outside = frame[frame["verdict"].str.startswith("outside")]
    for row in outside.itertuples():
        tell(
            f"{row.dataset}, {row.protocol}: coverage {row.coverage:.3f}, size {row.size:.3f}: {row.verdict}"
        )
    return outside.empty


def planned(params: object) -> dict[tuple[str, str], tuple[int, int, int]]:
    """(Data set, protocol) -> folds, seeds and cells that the suites plan, the most of any.

    A random split is drawn anew by every run: each is a fold of one seed.
    """
    plan: dict[tuple[str, str], dict[str, set[tuple[int, int]]]] = {}
    for suite in params.suites:
        for run in runs_of(params, suite):
            family = plan.setdefault((run.cell.dataset, run.cell.protocol), {})
            if untrained.trained(run.cell.architecture):
                family.setdefault(run.cell.id, set()).add((run.fold, run.seed))
    sizes = {}
    for key, cells in plan.items():
        counts = [{run[i] for run in runs} for runs in cells.values() for i in (0, 1)]
        folds, seeds = max(map(len, counts[::2])), max(map(len, counts[1::2]))
        anew = params.protocols[key[1]].split == "random"
        sizes[key] = (folds * seeds, 1, len(cells)) if anew else (folds, seeds, len(cells))
    return sizes


def table(
    results: Results,
    plan: dict[tuple[str, str], tuple[int, int, int]],
    trials: int = TRIALS,
    paired: Paired = contrasts.paired,
    tell: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """One row a data set and protocol that has records: its design, what was measured, and how often it held.

    Args:
        results: What was measured.
        plan: As of `planned`.
        trials: Simulations of a design.
        paired: What makes an interval of a difference; default what the tables print.
        tell: Gets a line a design.
    """
    families: dict[tuple[str, str], list[str]] = {}
    for cell in results.ids:
        where = coordinates(cell)
        if untrained.trained(where["architecture"]):
            families.setdefault((where["dataset"], where["protocol"]), []).append(cell)
    seeded = [run_variance.arm(results, cell) for cells in families.values() for cell in cells]
    seeded = [arm for arm in seeded if arm.folds and arm.run]
    lasting = hit_components.lasting(seeded) if seeded else LASTING
    rows = []
    for number, (key, cells) in enumerate(families.items()):
        arms = _alike([run_variance.arm(results, cell) for cell in cells])
        if not arms or key not in plan:
            continue
        noise, runs = run_variance.of(results, cells[0]), [arm.run for arm in arms if arm.run]
        run = run_variance.pool(runs) if runs else noise.run
        run_size, fold_size = (0.0 if np.isnan(term.size) else term.size for term in (run, noise.fold))
        measured = hit_components.measure(arms, run_size, fold_size, lasting)
        rows.append(
            dict(zip(("dataset", "protocol"), key))
            | _row(arms[0], measured, plan[key], trials, paired, number)
        )
        tell(f"{', '.join(key)}: {rows[-1]['verdict']}")
    return pd.DataFrame(rows, columns=COLUMNS)


def against_itself(results: Results) -> pd.DataFrame:
    """One row a cell with three seeds or more: of its pairs of seeds, how many differ with p < 0.05."""
    rows = []
    for cell in results.ids:
        folds = run_variance.arm(results, cell).folds
        seeds = sorted(set.intersection(*(set(fold.seeds) for fold in folds))) if folds else []
        if len(seeds) < 3 or not untrained.trained(coordinates(cell)["architecture"]):
            continue
        noise = run_variance.of(results, cell)
        found = [_two_seeds(folds, pair, noise) for pair in combinations(seeds, 2)]
        low = sum(estimate.p < 0.05 for estimate in found)
        rows.append({**coordinates(cell), "seeds": len(seeds), "pairs": len(found), "below": low})
    return pd.DataFrame(
        rows, columns=["dataset", "protocol", "architecture", "attention", "seeds", "pairs", "below"]
    )


def _two_seeds(folds: tuple[Fold, ...], seeds: tuple[int, int], noise: run_variance.RunNoise) -> Estimate:
    """The difference of a cell's accuracy under two seeds."""
    sides = [
        tuple(Fold(f.fold, f.seeds[:1], f.clips, f.groups, f.labels, f.hits[f.seeds == seed]) for f in folds)
        for seed in seeds
    ]
    value, terms, groups = contrasts.over_folds([(1.0, sides[0]), (-1.0, sides[1])])
    scale = 2 / len(folds)
    run = noise_model.Term(max(noise.run.size, 0.0) * scale, noise.run.estimate * scale, noise.run.freedom)
    return noise_model.estimate(value, [*terms, run], groups, len(folds))


def _alike(arms: list[Arm]) -> list[Arm]:
    """The largest set that was tested on the same clips."""
    tests = [arm.tests for arm in arms if arm.folds]
    return [arm for arm in arms if arm.folds and arm.tests == max(tests, key=tests.count)]


def _numbered(folds: tuple[Fold, ...]) -> tuple[Fold, ...]:
    """The same with numbers for names, in their order: they are sorted in every simulation."""
    ends = np.cumsum([len(fold.clips) for fold in folds])[:-1]
    names = ("clips", "groups", "labels")
    columns = [np.concatenate([getattr(fold, name) for fold in folds]) for name in names]
    codes = [np.split(np.unique(column, return_inverse=True)[1], ends) for column in columns]
    return tuple(replace(fold, **dict(zip(names, parts))) for fold, parts in zip(folds, zip(*codes)))


def _row(
    arm: Arm, measured: Components, plan: tuple[int, int, int], trials: int, paired: Paired, seed: int
) -> dict:
    """One design: its size, components, rates and verdict."""
    folds, seeds, cells = plan
    layout = _numbered(arm.folds[:folds])
    names = [f"d-b-a{i}-x-p" for i in range(max(min(cells, MOST_CELLS), 2) // 2 * 2)]
    row: dict[str, Any] = {"folds": len(layout), "seeds": seeds, "cells": cells, "groups": len(arm.groups[0])}
    row |= {"accuracy": measured.accuracy, "run_deviation": measured.run, "fold_deviation": measured.fold}
    random = np.random.default_rng(seed)
    held = _trials(measured, layout, names, seeds, trials, random, paired, 0.0)
    if np.isnan(held[0]).all():
        return row | {"verdict": "no interval is printed: one run of each cell"}
    for name, values in zip(("coverage", "size", "accuracy_coverage"), held):
        row |= _rate(name, values)
    for gain in GAINS:
        power = _trials(measured, layout, names, seeds, min(CURVE, trials), random, paired, gain)[1]
        row[f"power_{100 * gain:.0f}"] = float(np.mean(power)) if measured.accuracy + gain < 0.99 else np.nan
    outside = [
        name
        for name, band in (("coverage", COVERAGE), ("size", SIZE), ("accuracy_coverage", COVERAGE))
        if row[f"{name}_low"] > band[1] or row[f"{name}_high"] < band[0]
    ]
    return row | {"trials": trials, "verdict": f"outside: {', '.join(outside)}" if outside else "in the band"}


def _trials(
    measured: Components,
    layout: tuple[Fold, ...],
    names: list[str],
    seeds: int,
    trials: int,
    random: np.random.Generator,
    paired: Paired,
    gain: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether differences' intervals covered, tests rejected, accuracies' covered: each (trials, pairs)."""
    truth = min(gain, 0.99 - measured.accuracy) if gain else 0.0
    covered, rejected, accurate = [], [], []
    for _ in range(trials):
        results = Results(Path(), names)
        made = hit_components.draw(measured, layout, len(names), seeds, random, (truth, 0.0))
        for name, folds in zip(names, made):
            results.cache[("folds", name, "top1")] = folds
        differences = [paired(results, {a: 1.0, b: -1.0}) for a, b in zip(names[::2], names[1::2])]
        covered.append([_covers(found, truth) for found in differences])
        rejected.append([np.nan if np.isnan(found.p) else float(found.p < 0.05) for found in differences])
        levels = [contrasts.accuracy(results, name) for name in names[1::2]]
        accurate.append([_covers(found, measured.accuracy) for found in levels])
    return np.array(covered), np.array(rejected), np.array(accurate)


def _covers(found: Estimate, truth: float) -> float:
    return float(found.low <= truth <= found.high) if found.judged else np.nan


def _rate(name: str, held: np.ndarray) -> dict[str, float]:
    """A rate over trials with its Monte-Carlo interval, 95 %; the pairs of one trial are not independent."""
    per_trial = np.nanmean(held, axis=1)
    rate, error = float(per_trial.mean()), float(per_trial.std(ddof=1) / np.sqrt(len(per_trial)))
    if error == 0:
        ends = binomtest(round(rate * held.size), held.size).proportion_ci(0.95, "exact")
        return {name: rate, f"{name}_low": float(ends.low), f"{name}_high": float(ends.high)}
    return {name: rate, f"{name}_low": rate - 1.96 * error, f"{name}_high": rate + 1.96 * error}

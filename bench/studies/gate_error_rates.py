"""How often do the gate's two tests fail without cause, and what do they catch? On real training runs.

The canary's cell is trained under many seeds that are neither the reference's nor the check's.

Over seeds: each trial draws some of them at random as a reference and others as what was trained now, as many
as the suites have. Trials are drawn independently, so that their intervals are exact given these runs.

Over clips, for cells whose reference has one seed: every seed is used in one pair, as the reference or as
what was trained now, so that trials are independent; clips are lost at random.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from vidattn.bench.analysis import samples
from vidattn.bench.analysis.samples import Fold
from vidattn.bench.config.cell import Run
from vidattn.bench.config.schema import Params
from vidattn.bench.plan.run_plan import resolve
from vidattn.bench.plan.suites import cells
from vidattn.bench.regression import drop_test, gate, seed_test
from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results
from vidattn.bench.runner import fill, records, store
from vidattn.data.files import atomic

NOW, REFERENCE = "canary", "canary_reference"  # suites of one cell, which differ in their seeds
FIRST, SEEDS = 100, 200  # seeds that are drawn from
TRIALS = 20_000
LOSSES = (0.01, 0.02, 0.05, 0.1)  # of all test clips, turned from right to wrong
COLUMNS = ["test", "quantity", "nominal", "rate", "rate_low", "rate_high", "trials", "reference_seeds"]
COLUMNS += ["new_seeds", "cell", "n", "seeds", "top1", "top1_min", "top1_max", "seed_deviation"]


def write(params: Params, path: Path, jobs: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """Train the canary under every seed (those that are missing) and write one row a question."""
    ((cell, now),) = cells(params, NOW).items()
    ((_, reference),) = cells(params, REFERENCE).items()
    folds = sorted({run.fold for run in now})
    runs = [Run(now[0].cell, fold, seed) for seed in range(FIRST, FIRST + SEEDS) for fold in folds]
    plans = [resolve(run, params) for run in runs]
    fill.fill(plans, jobs, tell)
    with tempfile.TemporaryDirectory() as folder:
        for plan in plans:
            records.write(plan.run, store.finished(plan), Path(folder))
        measured = samples.load(Results(Path(folder), [cell]), cell)
    sizes = [len({run.seed for run in planned}) for planned in (reference, now)]
    frame = pd.concat([over_seeds(_means(measured), *sizes), over_clips(measured)], ignore_index=True)
    about = {"cell": cell, "n": sum(len(fold.clips) for fold in measured), **_spread(_means(measured))}
    frame = study_code.stamped(frame.assign(**about)[COLUMNS], "gate")
    atomic.write(path, frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    return frame


def over_seeds(accuracies: np.ndarray, reference: int, now: int, trials: int = TRIALS) -> pd.DataFrame:
    """One row a question: how often the test over seeds fails.

    Args:
        accuracies: (N,) accuracy of each seed, mean over its folds.
        reference: Seeds of a reference.
        now: Seeds of a check.
        trials: Independent draws of both.
    """
    random = np.random.default_rng(0)
    draws = [random.choice(accuracies, reference + now, replace=False) for _ in range(trials)]
    rows = [
        _row(loss, seed_test.ALPHA, [_lower(draw[:reference], draw[reference:] - loss) for draw in draws])
        for loss in (0.0, *LOSSES)
    ]
    return pd.DataFrame(rows).assign(test="over seeds", reference_seeds=reference, new_seeds=now)


def over_clips(folds: Sequence[Fold]) -> pd.DataFrame:
    """One row a question: how often the test over clips fails, of runs (S, N) with the same S seeds."""
    random = np.random.default_rng(0)
    order = random.permutation(len(folds[0].seeds))
    pairs = list(zip(order[::2], order[1::2]))
    rows = [
        _row(loss, gate.ALPHA, [_drops(_pair(folds, *pair, loss, random)) for pair in pairs])
        for loss in (0.0, *LOSSES)
    ]
    return pd.DataFrame(rows).assign(test="over clips", reference_seeds=1, new_seeds=1)


def _pair(
    folds: Sequence[Fold], old: int, now: int, loss: float, random: np.random.Generator
) -> pd.DataFrame:
    """What `drop_test.find` takes: the hits of two runs by clip, a share of all clips lost in the second."""
    columns = {"fold": [np.full(len(fold.clips), fold.fold) for fold in folds]}
    columns |= {"group": [fold.groups for fold in folds], "old": [fold.hits[old] for fold in folds]}
    frame = pd.DataFrame({name: np.concatenate(parts) for name, parts in columns.items()})
    hits = np.concatenate([fold.hits[now] for fold in folds])
    hits[random.choice(np.flatnonzero(hits), round(loss * len(hits)), replace=False)] = 0.0
    return frame.assign(new=hits)


def _drops(frame: pd.DataFrame) -> bool:
    return any(row["p"] <= row["limit"] for row in drop_test.find({"cell": frame}, gate.ALPHA).values())


def _lower(reference: np.ndarray, now: np.ndarray) -> bool:
    found = seed_test.find(reference, now)
    return found["p"] <= found["limit"]


def _row(loss: float, nominal: float, failed: Sequence[bool]) -> dict:
    """One rate with the exact interval of Clopper and Pearson."""
    low, high = proportion_confint(sum(failed), len(failed), method="beta")
    name = f"{100 * loss:.0f} point{'s' * (loss > 0.01)} lost" if loss else "false alarm: other seeds"
    rates = {"rate": float(np.mean(failed)), "rate_low": low, "rate_high": high, "trials": len(failed)}
    return {"quantity": name, "nominal": np.nan if loss else nominal, **rates}


def _means(folds: Sequence[Fold]) -> np.ndarray:
    """(S,) accuracy of each seed, mean over folds."""
    return np.mean([fold.hits.mean(1) for fold in folds], axis=0)


def _spread(accuracies: np.ndarray) -> dict:
    """How the seeds differ."""
    ends = {"top1_min": accuracies.min(), "top1_max": accuracies.max()}
    deviation = {"seed_deviation": accuracies.std(ddof=1)}
    return {"seeds": len(accuracies), "top1": accuracies.mean(), **ends, **deviation}

"""Does the gate keep its word on real trainings? One cheap cell under many seeds, each through the gate.

`write` makes results/tables/gate.csv, .md and .tex. Trainings go through the store of finished runs, so a
second call trains nothing. Only the training varies: all rates are those of one data set's test clips.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from vidattn.bench import check, executor, reference, render
from vidattn.bench.cell import Cell, Run
from vidattn.bench.params import Params
from vidattn.bench.results import Results
from vidattn.data import atomic

CELL = "ucf101_12-mobilenet_v2-none-mean_linear-icip_clean"
FOLDS, SEEDS = (1, 2, 3), 101  # one seed for the reference, a hundred others
LOSSES = (0.05, 0.10)
COLUMNS = ["quantity", "nominal", "rate", "rate_low", "rate_high", "trials", "cell", "n", "top1", "top1_min"]
COLUMNS += ["top1_max"]


def write(
    params: Params, out: Path, jobs: int, tell: Callable[[str], None], seeds: int = SEEDS
) -> list[Path]:
    """Train the cell under seeds 0, 1, ... (those that are missing) and write the table `gate`."""
    cell = Cell.parse(CELL, params)
    runs = [Run(cell, fold, seed) for seed in range(seeds) for fold in FOLDS]
    executor.fill(runs, params, jobs, tell)
    with tempfile.TemporaryDirectory() as folder:
        for run in runs:
            _publish(executor.folder(run, params), Path(folder) / str(run.seed), run)
        return render.write(table([Path(folder) / str(seed) for seed in range(seeds)]), Path(out), "gate")


def table(roots: list[Path]) -> pd.DataFrame:
    """One row a question: how often the gate fails, with an exact interval.

    Args:
        roots: Results folders of one cell, one a seed. The first is the reference of the rows "against the
            first seed"; in the rows "in pairs" every folder is used once, so that the trials are independent.
    """
    first, others = roots[0], roots[1:]
    pairs = list(zip(others[::2], others[1::2]))
    about = _about(roots)
    rows = [
        _row(
            "other seeds against the first seed", check.ALPHA, [_fails(first, now) for now in others], about
        ),
        _row("other seeds in pairs", check.ALPHA, [_fails(*pair) for pair in pairs], about),
    ]
    for share in LOSSES:
        lost = [_fails(first, now, share, seed) for seed, now in enumerate(others)]
        rows.append(_row(f"{100 * share:.0f} points lost under other seeds", np.nan, lost, about))
    for share in LOSSES:
        lost = [_fails(now, now, share, seed) for seed, now in enumerate(others)]
        rows.append(_row(f"{100 * share:.0f} points lost under the same seed", np.nan, lost, about))
    return pd.DataFrame(rows, columns=COLUMNS)


def lose(root: Path, share: float, seed: int) -> None:
    """Turn this share of all predictions of a results folder from right to wrong."""
    paths = sorted((root / "predictions").glob("*/*.csv"))
    frames = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths]
    right = [(i, j) for i, f in enumerate(frames) for j in np.flatnonzero(f["label"] == f["prediction"])]
    count = round(share * sum(map(len, frames)))
    for k in np.random.default_rng(seed).choice(len(right), count, replace=False):
        frames[right[k][0]].loc[right[k][1], "prediction"] = "(lost)"
    for path, frame in zip(paths, frames):
        atomic.write(path, frame.to_csv(index=False, lineterminator="\n"))


def _fails(old: Path, now: Path, share: float = 0.0, seed: int = 0) -> bool:
    """Whether the whole gate fails for one results folder with another as the reference."""
    seed = Results(now).runs["seed"].iloc[0]  # runs are compared by fold and seed; here seeds stand for code
    accepted = reference.make(Results(old), "", errors=False).assign(seed=seed)
    if not share:
        return check.compare(Results(now), accepted).code != 0
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(shutil.copytree(now, Path(folder) / "results"))
        lose(changed, share, seed)
        return check.compare(Results(changed), accepted).code == 1


def _publish(place: Path, root: Path, run: Run) -> None:
    """A finished run's record and predictions as a results folder of their own."""
    for name in ("record.json", "predictions.csv"):
        kind = executor.RESULT_FILES[name]
        target = root / kind / run.cell.id / f"{run.fold}-{run.seed}{executor.SUFFIX[kind]}"
        atomic.write(target, (place / name).read_bytes())


def _about(roots: list[Path]) -> dict:
    """The cell, its predictions a seed, and the top-1 of the seeds: mean, lowest, highest."""
    found = [Results(root) for root in roots]
    means = [results.runs["top1"].mean() for results in found]
    names = {"cell": found[0].ids[0], "n": int(found[0].runs["n"].sum())}
    return {**names, "top1": float(np.mean(means)), "top1_min": min(means), "top1_max": max(means)}


def _row(name: str, nominal: float, failed: list[bool], about: dict) -> dict:
    low, high = proportion_confint(sum(failed), len(failed), method="beta")
    rates = {"rate": float(np.mean(failed)), "rate_low": low, "rate_high": high}
    return {"quantity": name, "nominal": nominal, **rates, "trials": len(failed), **about}

"""The regression gate: are these results still those that were accepted?

Parameters, FLOPs and the test list (clips, groups, labels) must be the same. A run with the same seed on the
same kind of device must be identical to the bit (`exact_match`); where it is not, or the device is another, a
one-sided test says if accuracy dropped: over clips (`drop_test`), or over seeds where the reference has many
(`seed_test`).
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from vidattn.bench.analysis import samples
from vidattn.bench.regression import drop_test, exact_match, reference, seed_test
from vidattn.bench.regression.verdict import Report
from vidattn.bench.results.reader import Results

ALPHA = 0.05
GONE = "missing: in no suite of params.yaml"
COLUMNS = ["cell", "status", "reference", "top1", "top1_difference", "p", "detectable", "n", "groups"]
Runs = Mapping[str, Collection[tuple[int, int]]]  # cell -> (fold, seed) of its runs


@dataclass(frozen=True)
class _Judged:
    """One cell: the reference's rows of runs that are made again, those of others, and what was measured."""

    old: pd.DataFrame
    others: pd.DataFrame
    now: pd.DataFrame

    @cached_property
    def exact(self) -> dict[str, str]:
        """Run -> identical, changed or elsewhere."""
        return exact_match.verdicts(self.old, self.now)

    @property
    def identical(self) -> bool:
        """Whether every run of the reference was made again, to the bit."""
        return len(self.exact) == len(self.old) and set(self.exact.values()) == {exact_match.IDENTICAL}

    @property
    def by_seed(self) -> bool:
        """Whether the reference has seeds enough, beside those that are made again, to know their spread."""
        return self.others["seed"].nunique() >= seed_test.LEAST


def compare(
    results: Results,
    accepted: pd.DataFrame,
    alpha: float = ALPHA,
    known: Collection[str] | None = None,
    stale: Mapping[str, str] | None = None,
    planned: Runs | None = None,
) -> Report:
    """Compare results with the reference.

    Args:
        results: What was measured now.
        accepted: The reference (`reference.read`).
        alpha: Chance that noise alone fails a check that compares clips.
        known: Every cell that may be asked for; an accepted cell that is not among them is missing.
        stale: Cells whose records other code or settings made -> the status to give them (`stale.find`).
        planned: The runs that are asked for; an accepted run that is not is only there to compare with.
    """
    stale = stale or {}
    old = reference.by_cell(accepted)
    names = [*results.ids, *(cell for cell in old if results.cells is None and cell not in results.ids)]
    judged = {
        cell: _judge(results, cell, old[cell], planned)
        for cell in names
        if cell in old and cell not in stale and results.records.get(cell)
    }
    judged = {cell: each for cell, each in judged.items() if len(each.old) or each.by_seed}
    differ = {cell: each for cell, each in judged.items() if not each.identical}
    pairs = {cell: _paired(results, cell, each) for cell, each in differ.items() if not each.by_seed}
    tests = drop_test.find(pairs, alpha)
    total = tests.pop(drop_test.ALL, None)
    by_seed = {cell: _seeds(each) for cell, each in differ.items() if each.by_seed and len(each.now)}
    tests |= by_seed
    rows = [
        {
            "cell": cell,
            **tests.get(cell, {}),
            "status": stale.get(cell) or _status(results, cell, judged, tests),
        }
        for cell in names
    ]
    if total:
        rows.append({"cell": drop_test.ALL, **total, "status": _drop(total)})
    gone = [] if known is None else [cell for cell in old if cell not in {*names, *known}]
    rows += [{"cell": cell, "status": GONE} for cell in gone]
    chance = (alpha if total else 0.0) + seed_test.ALPHA * len(by_seed)
    return Report(pd.DataFrame(rows, columns=COLUMNS), chance)


def accept(
    results: Results,
    reason: str,
    path: Path | None = None,
    stale: Mapping[str, str] | None = None,
    planned: Runs | None = None,
) -> Path:
    """Make these results part of the reference, with a reason; what it holds of other runs stays.

    Args:
        results: The cells to accept; missing and stale ones are refused, and no reason.
        reason: Why numbers may change.
        path: The reference; default that of the results.
        stale: As for `compare`.
        planned: The runs of every suite: accepted runs that none plans any more are dropped.
    """
    if not reason.strip():
        raise ValueError(
            "A reference needs a reason: `vidattn check --accept '<why the numbers may change>'`."
        )
    if results.missing:
        raise ValueError(
            f"Cells without records cannot be accepted: {', '.join(results.missing)}. Run them first."
        )
    if stale:
        raise ValueError(
            f"Records that other code or settings made cannot be accepted: {', '.join(stale)}. "
            "Run these cells again first."
        )
    path = path or Path(results.root) / "reference.csv"
    return reference.merge(reference.make(results, reason), path, planned)


def check(
    results: Results,
    known: Collection[str] | None = None,
    as_json: bool = False,
    stale: Callable[[Results], Mapping[str, str]] = lambda results: {},
    planned: Runs | None = None,
) -> int:
    """Print the comparison with results/reference.csv, return the exit code; arguments as for `compare`."""
    try:
        accepted = reference.read(Path(results.root) / "reference.csv")
        report = compare(results, accepted, known=known, stale=stale(results), planned=planned)
    except (OSError, ValueError) as error:
        print(json.dumps({"ok": False, "code": 2, "error": str(error)}) if as_json else error)
        return 2
    print(report.json() if as_json else report.text(), end="")
    return report.code


def _judge(results: Results, cell: str, old: pd.DataFrame, planned: Runs | None) -> _Judged:
    runs = None if planned is None else planned.get(cell)
    now = reference.make(results, "", errors=False, cells=[cell], runs=runs)
    again = np.ones(len(old), bool) if runs is None else _among(old, runs)
    return _Judged(old[again], old[~again], now)


def _among(frame: pd.DataFrame, runs: Collection[tuple[int, int]]) -> np.ndarray:
    return np.array([run in runs for run in zip(frame["fold"], frame["seed"])], bool)


def _seeds(judged: _Judged) -> dict:
    """The test over seeds, each the mean over folds; n clips of the runs that were made now."""
    means = [frame.groupby("seed")["top1"].mean().to_numpy() for frame in (judged.others, judged.now)]
    sizes = {"n": int(judged.now["n"].sum()), "groups": judged.now["groups"].max()}
    return seed_test.find(*means) | sizes


def _paired(results: Results, cell: str, judged: _Judged) -> pd.DataFrame:
    """Columns fold, group, old, new by clip, means over seeds; where hits are lacking, one row a fold."""
    old, tested = judged.old, results.tested(cell)
    again = [run for run in zip(judged.now["fold"], judged.now["seed"]) if run in tested]
    if not again or not old["hits"].all():
        return _by_fold(judged)
    frames = []
    for fold in sorted(set(old["fold"])):
        mine = [pd.DataFrame(tested[run]).assign(new=samples.hits) for run in again if run[0] == fold]
        if not mine:
            return _by_fold(judged)
        new = pd.concat(mine).groupby(["clip", "group"], as_index=False)["new"].mean()
        new = new.sort_values("clip", kind="stable")
        bits = [reference.decode(row.hits, row.n) for row in old[old["fold"] == fold].itertuples()]
        if any(len(bit) != len(new) for bit in bits):
            return _by_fold(judged)
        frames.append(new.assign(old=np.mean(bits, axis=0), fold=fold))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _by_fold(judged: _Judged) -> pd.DataFrame:
    """Fold means only, for checks without predictions; each fold is then its own group."""
    new, old = (frame.groupby("fold")["top1"].mean() for frame in (judged.now, judged.old))
    frame = pd.DataFrame({"new": new, "old": old}).dropna()
    frame.index.name = "fold"
    return frame.reset_index().assign(group=lambda f: f["fold"].astype(str), clip="")


def _status(results: Results, cell: str, judged: Mapping[str, _Judged], tests: Mapping[str, dict]) -> str:
    if not results.records.get(cell):
        return "missing"
    if cell not in judged:
        return "new"
    each = judged[cell]
    if not len(each.now):
        return "missing"
    old = each.old if len(each.old) else _stand_in(each)
    if changes := reference.sizes(old, each.now):
        return f"parameters: {changes}"
    lists = _lists(old, each.now)
    if lists or each.identical:
        return lists or exact_match.IDENTICAL
    drop = _drop(tests.get(cell))
    changed = [run for run, verdict in each.exact.items() if verdict == exact_match.CHANGED]
    return f"changed: predictions of run {', '.join(changed)}" if changed and drop == "ok" else drop


def _stand_in(judged: _Judged) -> pd.DataFrame:
    """Rows of another seed, for what no seed changes, where none of those that were made now was accepted."""
    one = judged.others.drop_duplicates("fold")
    return pd.concat([one.assign(seed=seed) for seed in judged.now["seed"].unique()])


def _lists(old: pd.DataFrame, now: pd.DataFrame) -> str:
    """Runs whose test list changed, that are gone, or whose test list is; "" where all are as they were."""
    before, after = _clips(old), _clips(now)
    absent = [run for run in before if run not in after]
    lost = [run for run, clips in before.items() if clips and after.get(run) == ""]
    changed = [run for run, clips in before.items() if clips and after.get(run) not in (None, "", clips)]
    if changed:
        return f"test list: run {', '.join(changed)} differs"
    if absent:
        return f"missing: run {', '.join(absent)}"
    return f"missing: test list of run {', '.join(lost)}" if lost else ""


def _clips(frame: pd.DataFrame) -> dict[str, str]:
    """Digest of the test list by run, `<fold>-<seed>`; "" where there is none."""
    names = [f"{fold}-{seed}" for fold, seed in zip(frame["fold"], frame["seed"])]
    return dict(zip(names, frame["clips"].fillna("")))


def _drop(test: dict | None) -> str:
    if test is None:
        return "ok"
    return "lower" if test["p"] <= test["limit"] else "ok"

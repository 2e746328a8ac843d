"""The regression gate: are these results still those that were accepted?

Exact: parameters, trainable, FLOPs, and the test list (clips, groups, labels). Accuracy: one-sided paired
tests of the drop on the same clips (`drops`). The chance that unchanged code under other seeds fails is at
most `alpha`.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from vidattn.bench import drops, reference, render, summary
from vidattn.bench.results import COORDINATES, Results, identity

ALPHA = 0.05
FAILURES = ("parameters", "test list", "lower")
UNUSABLE = ("missing",)
NOTHING = (
    "Nothing was compared: the reference holds none of these cells. "
    "To make them the reference: vidattn check --accept '<reason>'."
)
GONE = "missing: in no suite of params.yaml"


@dataclass(frozen=True)
class Report:
    """What the gate found: one row a cell and one for their mean; `ok` where nothing failed or is missing."""

    rows: pd.DataFrame
    alpha: float

    @property
    def code(self) -> int:
        """Exit code: 0 unchanged, 1 regression, 2 missing or unusable input."""
        if self.rows["status"].str.startswith(FAILURES).any():
            return 1
        return 2 if self.rows["status"].str.startswith(UNUSABLE).any() or not self.compared else 0

    @property
    def compared(self) -> bool:
        """Whether any cell was held against the reference; new cells alone say nothing."""
        return not (self.rows["status"] == "new").all()

    @property
    def ok(self) -> bool:
        """Whether the gate lets the results pass."""
        return self.code == 0

    def text(self) -> str:
        """The table for readers, the rows that fail first, and one closing sentence."""
        bad = ~self.rows["status"].str.startswith((*FAILURES, *UNUSABLE))
        table = render.markdown(
            self.rows.assign(bad=bad).sort_values("bad", kind="stable").drop(columns="bad")
        )
        verdict = {
            0: "No regression.",
            1: "REGRESSION.",
            2: "What is missing cannot be judged.",
        }
        if not self.compared:
            return f"{table}\n{NOTHING}\n"
        limit = f"Unchanged code with other seeds fails at most {self.alpha:.0%} of such checks."
        return f"{table}\n{verdict[self.code]} {limit}\n"

    def json(self) -> str:
        """The same for a program."""
        rows = json.loads(render.integers(self.rows).to_json(orient="records"))
        return (
            json.dumps({"ok": self.ok, "code": self.code, "alpha": self.alpha, "rows": rows}, indent=1) + "\n"
        )


def compare(
    results: Results, accepted: pd.DataFrame, alpha: float = ALPHA, known: Collection[str] | None = None
) -> Report:
    """Compare results with the reference.

    Args:
        results: What was measured now.
        accepted: The reference (`reference.read`).
        alpha: Chance that noise alone fails the whole check.
        known: Every cell that may be asked for; an accepted cell that is not among them is missing.
    """
    old = {identity(dict(zip(COORDINATES, key))): part for key, part in accepted.groupby(list(COORDINATES))}
    names = [*results.ids, *(cell for cell in old if results.cells is None and cell not in results.ids)]
    pairs = {cell: _paired(results, cell, old[cell]) for cell in names if cell in old and _ran(results, cell)}
    tests = drops.find(pairs, alpha)
    rows = [_row(results, cell, old.get(cell), tests.get(cell)) for cell in names]
    if drops.ALL in tests:
        rows.append({"cell": drops.ALL, **tests[drops.ALL], "status": _drop(tests[drops.ALL])})
    gone = [] if known is None else [cell for cell in old if cell not in {*names, *known}]
    rows += [{"cell": cell, "status": GONE} for cell in gone]
    columns = ["cell", "status", "reference", "top1", "top1_difference", "p", "detectable", "n", "groups"]
    return Report(pd.DataFrame(rows, columns=columns), alpha)


def accept(results: Results, reason: str, path: Path | None = None) -> Path:
    """Make these results the reference, with a reason; refuses missing cells and an empty reason."""
    if not reason.strip():
        raise ValueError(
            "A reference needs a reason: `vidattn check --accept '<why the numbers may change>'`."
        )
    if results.missing:
        raise ValueError(
            f"Cells without records cannot be accepted: {', '.join(results.missing)}. Run them first."
        )
    return reference.write(reference.make(results, reason), path or Path(results.root) / "reference.csv")


def check(results: Results, known: Collection[str] | None = None, as_json: bool = False) -> int:
    """Print the comparison with results/reference.csv and return the exit code; `known` as for `compare`."""
    try:
        report = compare(results, reference.read(Path(results.root) / "reference.csv"), known=known)
    except (OSError, ValueError) as error:
        print(json.dumps({"ok": False, "code": 2, "error": str(error)}) if as_json else error)
        return 2
    print(report.json() if as_json else report.text(), end="")
    return report.code


def _ran(results: Results, cell: str) -> bool:
    return bool(results.records.get(cell))


def _paired(results: Results, cell: str, old: pd.DataFrame) -> pd.DataFrame:
    """Columns fold, group, old, new by clip, means over seeds; where hits are lacking, one row a fold."""
    predictions, folds = results.predictions(cell), sorted(set(old["fold"]))
    if predictions.empty or not old["hits"].all():
        return _by_fold(results, cell, old)
    frames = []
    for fold in folds:
        new = predictions[predictions["fold"] == fold].assign(new=summary.hits)
        new = new.groupby(["clip", "group"], as_index=False)["new"].mean().sort_values("clip", kind="stable")
        bits = [reference.decode(row.hits, row.n) for row in old[old["fold"] == fold].itertuples()]
        if any(len(bit) != len(new) for bit in bits):
            return _by_fold(results, cell, old)
        frames.append(new.assign(old=np.mean(bits, axis=0), fold=fold))
    return pd.concat(frames, ignore_index=True)


def _by_fold(results: Results, cell: str, old: pd.DataFrame) -> pd.DataFrame:
    """Fold means only, for checks without predictions; each fold is then its own group."""
    runs = results.runs[results.runs["cell"] == cell].groupby("fold")["top1"].mean()
    frame = pd.DataFrame({"new": runs, "old": old.groupby("fold")["top1"].mean()}).dropna()
    frame.index.name = "fold"
    return frame.reset_index().assign(group=lambda f: f["fold"].astype(str), clip="")


def _row(results: Results, cell: str, old: pd.DataFrame | None, test: dict | None) -> dict:
    return {"cell": cell, **(test or {}), "status": _status(results, cell, old, test)}


def _status(results: Results, cell: str, old: pd.DataFrame | None, test: dict | None) -> str:
    if not _ran(results, cell):
        return "missing"
    if old is None:
        return "new"
    now = reference.make(Results(results.root, [cell]), "", errors=False)
    changes = [_change(name, old[name], now[name]) for name in reference.SIZES]
    if any(changes):
        return "parameters: " + ", ".join(change for change in changes if change)
    return _lists(old, now) or _drop(test)


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


def _change(name: str, old: pd.Series, now: pd.Series) -> str:
    before, after = sorted(set(old.astype(float))), sorted(set(now.astype(float)))
    if before == after:
        return ""
    return f"{name} {'/'.join(f'{x:.0f}' for x in before)} -> {'/'.join(f'{x:.0f}' for x in after)}"


def _drop(test: dict | None) -> str:
    if test is None:
        return "ok"
    return "lower" if test["p"] <= test["limit"] else "ok"

"""What the gate found, for readers and for programs."""

import json
from dataclasses import dataclass

import pandas as pd

from vidattn.bench.regression import exact_match
from vidattn.bench.report import render

FAILURES = ("parameters", "test list", "lower", exact_match.CHANGED)
UNUSABLE = ("missing", "stale")
NOTHING = (
    "results/reference.csv has no row of these cells, so nothing was judged. "
    "To make these results the reference: vidattn check --accept '<reason>'."
)
VERDICTS = {
    0: "No regression.",
    1: "REGRESSION.",
    2: "What is missing or stale cannot be judged. Make it: vidattn run <cell>, or make suite SUITE=<suite>.",
}


@dataclass(frozen=True)
class Report:
    """What the gate found: one row a cell and one for their mean; `ok` where nothing failed or is missing.

    Attributes:
        rows: Cell, status and, where it was tested for a drop, the numbers of the test.
        alpha: Chance that noise alone fails the check; 0 where every run is identical to its reference.
    """

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
        """A row for each cell that is not identical, those that fail first, and closing sentences."""
        same = self.rows["status"] == exact_match.IDENTICAL
        bad = ~self.rows["status"].str.startswith((*FAILURES, *UNUSABLE))
        shown = self.rows.assign(bad=bad)[~same].sort_values("bad", kind="stable").drop(columns="bad")
        table = f"{render.markdown(shown)}\n" if len(shown) else ""
        if not self.compared:
            return f"{table}{NOTHING}\n"
        lines = [VERDICTS[self.code]]
        if same.any():
            lines.append(f"Cells identical to the reference, to the bit: {same.sum()}.")
        if self.alpha:
            lines.append(f"Unchanged code with other seeds fails at most {self.alpha:.1%} of such checks.")
        return f"{table}{' '.join(lines)}\n"

    def json(self) -> str:
        """The same for a program."""
        rows = json.loads(render.integers(self.rows).to_json(orient="records"))
        found = {"ok": self.ok, "code": self.code, "alpha": self.alpha, "rows": rows}
        return json.dumps(found, indent=1) + "\n"

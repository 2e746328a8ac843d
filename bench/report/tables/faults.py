"""Faults that were put into a tiny project by seed, and what became of them; the last five have to be 0."""

import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results

VERDICTS = ("survived", "healed", "refused", "lost", "wrong", "unclear", "leftovers", "hangs")
COLUMNS = ("kind", "seed", "injected", *VERDICTS)
AGAIN = "Delete it, then: make faults N=1000 SEED=0"


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per kind of fault and seed, and one for all kinds of a seed.

    Injected: how many of the faults that a seed draws were put in before the command was ended.
    Survived: the work went on. Healed: what was lost was made again. Refused: an error that names the file.
    Lost: a result is missing in the end. Wrong: one differs from that of an undisturbed project, and nobody
    says so. Unclear: an error that does not name the file, or a traceback. Leftovers: half-written files.
    Hangs: a process that does not end, or outlives its parent.
    """
    # unmarked: all of the project is put to the test, so that any edit would make them rows of other code
    frame = study_code.read(results.root, "faults", COLUMNS, AGAIN)
    total = frame.groupby("seed", as_index=False).sum(numeric_only=True).assign(kind="all")
    return pd.concat([frame, total])[list(COLUMNS)].sort_values(
        ["seed", "kind"], key=lambda values: values.replace("all", "~"), ignore_index=True
    )

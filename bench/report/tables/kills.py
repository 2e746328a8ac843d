"""Processes of small grids that were killed by seed, and what became of each; the last six have to be 0."""

import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results

VERDICTS = ("late", "survived", "resumed", "lost", "twice", "wrong", "status", "leftovers", "hangs")
COLUMNS = ("engine", "victim", "seed", "kills", *VERDICTS)
AGAIN = "Delete it, then: make kills ENGINE=local N=100 SEED=0"


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row an engine, kind of process that was killed, and seed.

    Late: the grid had ended before, or nothing was killed. Survived: it ended with every run made. Resumed:
    the same command made what was missing. Lost: a run is missing after that. Twice: a run is there more
    than once. Wrong: one differs from that of an undisturbed grid. Status: the exit status is not that of
    what was made, or a missing run is not named. Leftovers: half-written files. Hangs: the command does not
    end.
    """
    return study_code.table(results.root, "kills", COLUMNS, AGAIN)

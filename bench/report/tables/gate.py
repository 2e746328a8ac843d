"""What the gate catches, and how often it fails without cause: simulated from real runs of its canary."""

import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per question: share of trials in which a test of the gate fails.

    Over seeds, each trial draws `reference_seeds` of the `seeds` that were trained, and `new_seeds` others,
    from which a share of all test clips is then lost. Over clips, every seed is in one pair, as the reference
    or as what was trained now. Brackets are exact intervals (Clopper and Pearson) over independent trials.
    """
    return study_code.table(results.root, "gate", ["quantity", "rate"], "Make it: vidattn bench gate")

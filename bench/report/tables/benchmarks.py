"""Speed and storage against other tools, as measured by the benchmark command."""

import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per measurement: ours, theirs, and ours / theirs."""
    again = "Delete it, then: vidattn bench speed --shared <folder>"
    return study_code.table(results.root, "benchmarks", ["part", "name"], again)

"""Speed and storage against other tools, as measured by the benchmark command."""

from pathlib import Path

import pandas as pd

from vidattn.bench.results import files as reading
from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per measurement: ours, theirs, and ours / theirs."""
    path = Path(results.root) / "benchmarks" / "benchmarks.csv"
    if not path.is_file():
        return pd.DataFrame(columns=["name"])
    again = "Delete it, then: vidattn bench speed --shared <folder>"
    return study_code.marked(reading.table(path, ["part", "name"], again), "benchmarks")

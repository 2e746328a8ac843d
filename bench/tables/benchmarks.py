"""Speed and storage against other tools, as measured by the benchmark command."""

from pathlib import Path

import pandas as pd

from vidattn.bench import reading
from vidattn.bench.results import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row a measurement: ours, theirs, and ours / theirs."""
    path = Path(results.root) / "benchmarks" / "benchmarks.csv"
    if not path.is_file():
        return pd.DataFrame(columns=["name"])
    return reading.table(path, ["part", "name"], "Delete it, then: vidattn bench --shared <folder>")

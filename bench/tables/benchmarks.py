"""Speed and storage against other tools, as measured by the benchmark command."""

from pathlib import Path

import pandas as pd

from vidattn.bench.results import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row a measurement: ours, theirs, and ours / theirs."""
    path = Path(results.root) / "benchmarks" / "benchmarks.csv"
    return pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=["name"])

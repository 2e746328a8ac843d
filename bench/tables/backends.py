"""The same models on every backend of Keras, as tried by the benchmark command."""

from pathlib import Path

import pandas as pd

from vidattn.bench.results import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row a backend: difference to TensorFlow's outputs, steps that trained, exact reloads."""
    path = Path(results.root) / "benchmarks" / "backends.csv"
    return pd.read_csv(path) if path.is_file() else pd.DataFrame(columns=["backend"])

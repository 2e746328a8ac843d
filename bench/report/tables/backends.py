"""The same models on every backend of Keras, as tried by the benchmark command."""

from pathlib import Path

import pandas as pd

from vidattn.bench.results import files as reading
from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per backend: difference to TensorFlow's outputs, steps that trained, exact reloads."""
    path = Path(results.root) / "benchmarks" / "backends.csv"
    if not path.is_file():
        return pd.DataFrame(columns=["backend"])
    columns = ["backend", "max_difference"]
    frame = reading.table(path, columns, "Delete it, then: vidattn bench backends --python <python>")
    # As text: three decimals would show nothing of a difference of millionths.
    frame = frame.assign(max_difference=frame["max_difference"].map("{:.1e}".format))
    return study_code.marked(frame, "backends")

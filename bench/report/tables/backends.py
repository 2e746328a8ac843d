"""The same models on every backend of Keras, as tried by the benchmark command."""

from pathlib import Path

import pandas as pd

from vidattn.bench.results import files as reading
from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results

SMALL = ("max_difference", "worst_rounding")


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per backend: difference to TensorFlow's outputs, steps that trained, exact reloads.

    `worst` is the model that differs most; `worst_rounding` says how far TensorFlow's own output of that
    model moves where each number of its input is rounded the other way.
    """
    path = Path(results.root) / "benchmarks" / "backends.csv"
    if not path.is_file():
        return pd.DataFrame(columns=["backend"])
    columns = ["backend", *SMALL]
    frame = reading.table(path, columns, "Delete it, then: vidattn bench backends --python <python>")
    # As text: three decimals would show nothing of a difference of millionths.
    frame = frame.assign(**{name: frame[name].map("{:.1e}".format) for name in SMALL})
    return study_code.marked(frame, "backends")

"""The same models on every backend of Keras, as tried by the benchmark command."""

import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results

SMALL = ("max_difference", "worst_rounding")


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per backend: difference to TensorFlow's outputs, steps that trained, exact reloads.

    `worst` is the model that differs most; `worst_rounding` says how far TensorFlow's own output of that
    model moves where each number of its input is rounded the other way.
    """
    again = "Delete it, then: vidattn bench backends --python <python>"
    frame = study_code.table(results.root, "backends", ["backend", *SMALL], again)
    # As text: three decimals would show nothing of a difference of millionths.
    return frame.assign(**{name: frame[name].map("{:.1e}".format) for name in SMALL})

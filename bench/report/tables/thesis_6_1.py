"""Table 6.1 of the thesis: MobileNetV2 on CIFAR-100 and Imagenette, each attention; published and ours."""

import pandas as pd

from vidattn.bench.report import published_beside_ours
from vidattn.bench.results.reader import COORDINATES, Results

# Those that run what was published; only they stand beside it.
PROTOCOLS = ("image_clean", "image_paper", "image_shift_clean", "image_shift_paper")


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per data set, attention and protocol; the published values are single runs.

    Other experiments, smaller ones or on a pre-trained network, stand below in rows of their own; `epochs`
    and `n_train` say how much smaller they are.
    """
    frame = published_beside_ours.accuracies(results, "thesis", "thesis_6_1", ("image",), PROTOCOLS)
    run = [results.records.get("-".join(row), []) for row in frame[list(COORDINATES)].to_numpy()]
    for name in ("epochs", "n_train"):
        frame[name] = pd.array([found[0].get(name) if found else None for found in run], dtype="Int64")
    return frame

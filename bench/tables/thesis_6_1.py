"""Table 6.1 of the thesis: MobileNetV2 on CIFAR-100 and Imagenette, each attention; published and ours."""

import pandas as pd

from vidattn.bench import publication
from vidattn.bench.results import COORDINATES, Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row a data set, attention and protocol; the published values are single runs.

    Smaller experiments, on other backbones, stand below in rows of their own; `epochs` and `n_train` say how
    much smaller they are.
    """
    frame = publication.accuracies(results, "thesis", "thesis_6_1", ("image",))
    run = [results.records.get("-".join(row), []) for row in frame[list(COORDINATES)].to_numpy()]
    for name in ("epochs", "n_train"):
        frame[name] = pd.array([found[0].get(name) if found else None for found in run], dtype="Int64")
    return frame

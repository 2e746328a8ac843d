"""Table 6.1 of the thesis: MobileNetV2 on CIFAR-100 and Imagenette, each attention; published and ours."""

import pandas as pd

from vidattn.bench import publication
from vidattn.bench.results import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row a data set, attention and protocol; the published values are single runs."""
    return publication.accuracies(results, "thesis", "thesis_6_1", ("image",))

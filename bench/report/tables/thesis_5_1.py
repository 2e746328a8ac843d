"""Table 5.1 of the thesis: ResNet50V2 with each attention, 100 classes, 224x224; published and ours."""

import pandas as pd

from vidattn.bench.report import published_beside_ours
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """Counts of the inference graph (published | ours | difference)."""
    return published_beside_ours.sizes(results, "thesis", "thesis_5_1", classes=100)

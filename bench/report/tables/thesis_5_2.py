"""Table 5.2 of the thesis: MobileNetV2 with each attention, 100 classes, 224x224; published and ours."""

import pandas as pd

from vidattn.bench.report import published_beside_ours
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """Counts of the inference graph (published | ours | difference)."""
    return published_beside_ours.sizes(results, "thesis", "thesis_5_2", classes=100)

"""Table 4.2 of the thesis: parameters of the networks as Keras reports them, ImageNet classes."""

import pandas as pd

from vidattn.bench import publication
from vidattn.bench.results import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """Counts of the inference graph (published | ours | difference)."""
    return publication.sizes(results, "thesis", "thesis_4_2", classes=1000)

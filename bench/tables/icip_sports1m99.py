"""You and Korhonen's table on Sports-1M-99: sixteen methods; published (random clip split) and ours."""

import pandas as pd

from vidattn.bench import publication
from vidattn.bench.results import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row a method and protocol; `n` is what was tested, `classes` tells a part from the whole set."""
    return publication.accuracies(results, "icip", "icip_sports1m99", publication.ICIP_HEADS)

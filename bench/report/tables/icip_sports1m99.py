"""You and Korhonen's table on Sports-1M-99: sixteen methods; published (random clip split) and ours."""

import pandas as pd

from vidattn.bench.report import published_beside_ours
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per method and protocol; `n` is what was tested, `classes` tells a part from the whole set.

    `top1_published` is what they call average accuracy: top-1 at the last epoch, mean over random splits
    whose number is not stated; it is no mean over classes.
    """
    return published_beside_ours.accuracies(
        results, "icip", "icip_sports1m99", published_beside_ours.ICIP_HEADS
    )

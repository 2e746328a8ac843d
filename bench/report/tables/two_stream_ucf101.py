"""Two-stream networks on UCF101: spatial, temporal and fused, per official split and mean."""

import pandas as pd

from vidattn.bench.report import two_stream_table
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per backbone, attention and protocol that a suite has; what was not run is missing."""
    return two_stream_table.table(results, "ucf101")

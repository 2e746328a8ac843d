"""Two-stream networks on HMDB51: spatial, temporal and fused, per official split and mean."""

import pandas as pd

from vidattn.bench import streams
from vidattn.bench.results import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row a backbone, attention and protocol."""
    return streams.table(results, "hmdb51")

"""What engines cost beside the runs: runs whose training is left out, by the grid's own code."""

import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row an engine.

    `overhead_ms`: wall time a run and worker beyond the start. `cpu_ms`: CPU time a run, of the coordinator
    and of the workers that it began. `start_seconds`: one run a worker, so coordinator's and workers' own
    start. `memory_mb`: the coordinator's peak, and `memory_mb_few` with one run a worker. `load`: processes
    that wanted a core in the minute before the end, those of other work included: wall times grow by them.
    """
    again = "Delete it, then: vidattn bench engines --on local"
    return study_code.table(results.root, "engines", ["engine", "runs"], again)

"""What a large grid costs in core- or GPU-hours, and how long it takes on many workers; simulated."""

import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per grid, kind of device and number of workers, one worker a core or GPU.

    `five seeds`: both streams and their fusion on full UCF101 and HMDB51, six attentions, two protocols,
    three splits; `many`: the same with more seeds. `device_hours` is what runs take, all tries together: on
    a core from the measured forward pass, on a GPU that is assumed to keep up 2 TFLOP/s, as none was
    measured. `prepare_core_hours` is for frames and flow, once; `store_gb` is what they take up. `wall_hours`
    is the median over simulations, with preparing, and `wall_hours_95` what 95 % of them stay below; `failed`
    are the runs that failed (2 %, assumed) and were tried again, `busy` is the part of their time that
    workers spend in runs. How a run's seconds differ was measured.
    """
    columns, again = ["grid", "runs", "workers"], "Make it again: vidattn bench schedule"
    return study_code.table(results.root, "schedule", columns, again, folder="schedule")

"""Do the printed intervals and tests hold what they promise? By simulation from measured components."""

from pathlib import Path

import pandas as pd

from vidattn.bench.results import files as reading
from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per design with records, a data set and protocol: folds, seeds and cells that are planned.

    Simulated are what groups, clips, training runs (`run_deviation`) and folds (`fold_deviation`, which holds
    that of runs where every cell has one seed) were measured to vary by. How often do printed intervals cover
    (`coverage` of a difference, `accuracy_coverage`), how often do their tests reject what is equal (`size`),
    and how often do they find a true difference of 2 to 20 points (`power`)? Brackets are 95 % Monte-Carlo
    intervals over `trials` simulations. The verdict is `outside` where such an interval lies beyond 93 to
    97 % (size: 3 to 7 %).
    """
    path = Path(results.root) / "benchmarks" / "coverage.csv"
    if not path.is_file():
        return pd.DataFrame(columns=["dataset"])
    frame = reading.table(path, ["dataset", "protocol", "verdict"], "Make it: vidattn bench coverage")
    return study_code.marked(frame, "coverage")

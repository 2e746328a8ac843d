"""In which direction a clip plays, read from frames as stored and from frames that were coded one by one."""

import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per kind of frames: share of clips whose direction a linear probe tells, fold by fold."""
    columns = ["frames", "fold", "accuracy", "n", study_code.COLUMN]
    frame = study_code.read(results.root, "arrow", columns, "Delete it, then: vidattn bench arrow")
    folds = frame.pivot(index="frames", columns="fold", values="accuracy").add_prefix("accuracy_fold")
    counts = frame.groupby("frames")["n"].sum()
    mean = (frame["accuracy"] * frame["n"]).groupby(frame["frames"]).sum() / counts
    code = frame.groupby("frames")[study_code.COLUMN].first()
    wide = pd.DataFrame({"accuracy": mean, **folds, "n": counts, study_code.COLUMN: code})
    return study_code.marked(wide.loc[frame["frames"].unique()].reset_index(), "arrow")

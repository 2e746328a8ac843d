"""How far training runs of one cell lie apart: minimum, maximum and standard deviation of top-1.

Where a protocol reports the last epoch, a run may end in a spike of the loss; its top-1 is then a lottery.
"""

import pandas as pd

from vidattn.bench.analysis import comparisons, loss_spikes, untrained
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

COLUMNS = [*COORDINATES, "runs", "top1", "top1_min", "top1_max", "deviation"]
COLUMNS += ["last_loss_ratio", "spiked", "weights"]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per cell that was trained more than once, over folds and seeds; the probe trains nothing.

    Folds have other test clips, so that a part of the spread is theirs. `last_loss_ratio` is the loss of the
    last epoch over that of the epoch before, the greatest of the runs; `spiked` counts the runs where it is
    above 20. Both are missing where the best epoch is reported.
    """
    rows = [_row(results, cell) for cell in results.ids if len(results.records[cell]) > 1]
    frame = pd.DataFrame(rows, columns=COLUMNS).astype({"spiked": "Int64"})
    return frame[frame["architecture"].map(untrained.trained).astype(bool)].reset_index(drop=True)


def _row(results: Results, cell: str) -> dict:
    top1 = results.runs_of(cell)["top1"]
    values = {"top1": top1.mean(), "top1_min": top1.min(), "top1_max": top1.max()}
    values |= {"deviation": top1.std(ddof=1), **_spikes(results.records[cell])}
    return {**coordinates(cell), "runs": len(top1), **values, "weights": comparisons.weights(results, cell)}


def _spikes(records: list[dict]) -> dict:
    ratios = pd.Series([loss_spikes.last_ratio(record) for record in records])
    count = sum(map(loss_spikes.spiked, records)) if ratios.notna().any() else None
    return {"last_loss_ratio": ratios.max(), "spiked": count}

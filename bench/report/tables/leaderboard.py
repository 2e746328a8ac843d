"""Leaderboard: cells by accuracy, within their data set and protocol."""

import pandas as pd

from vidattn.bench.report import leaderboard
from vidattn.bench.results.reader import COORDINATES, Results

TOP1 = ["top1", "top1_low", "top1_high"]
GAP = ["difference", "difference_low", "difference_high", "p_holm"]


def table(results: Results, options: dict) -> pd.DataFrame:
    """Only cells that were run; intervals and p hold for other clips and other training runs.

    `top1_difference` is that to the cell's control, the same model without attention or with uniform weights;
    `p_holm` is corrected over all such comparisons that are planned. Where an encoder is frozen, parameters
    and FLOPs are of the head alone. The page of `vidattn report` sorts and filters the same rows.
    """
    frame = leaderboard.table(results, options.get("planned")).reset_index(drop=True)
    frame = frame[[*COORDINATES, *TOP1, *GAP, "n", "runs", "parameters", "flops", "latency_ms"]]
    return frame.rename(columns=lambda c: f"top1_{c}" if c.startswith("difference") else c)

"""Leaderboard: cells by accuracy, within their data set and protocol."""

import pandas as pd

from vidattn.bench.report import leaderboard
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

TOP1 = ["top1", "top1_low", "top1_high"]
GAP = ["difference", "difference_low", "difference_high", "p_holm", "judged_in"]


def table(results: Results, options: dict) -> pd.DataFrame:
    """Only cells that were run and trained; intervals and p hold for other clips and other training runs.

    `difference` is top-1 less that of `control`: the same model without attention, or with uniform weights
    over time; a dash where there is none, or it was not run. `p_holm` is corrected over the comparisons with
    such controls that are planned on the data set under the protocol, those with no attention and those with
    uniform weights apart; where `judged_in` names a part, it is the p from there. Where an encoder is frozen,
    parameters and FLOPs are of the head alone. The page of `vidattn report` sorts and filters the same rows.
    """
    frame = leaderboard.table(results).reset_index(drop=True)
    frame["control"] = [_control(row) for _, row in frame.iterrows()]
    return frame[[*COORDINATES, *TOP1, "control", *GAP, "n", "runs", "parameters", "flops", "latency_ms"]]


def _control(row: pd.Series) -> str | None:
    """What a control has in place of the attention: the one coordinate in which it differs."""
    if pd.isna(row["control"]):
        return None
    return next(v for k, v in coordinates(row["control"]).items() if v != row[k])

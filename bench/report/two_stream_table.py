"""The two-stream tables: spatial, temporal, fused; every official split and the mean."""

import numpy as np
import pandas as pd

from vidattn.bench.analysis import comparisons
from vidattn.bench.config import plugin_files
from vidattn.bench.results.reader import Results, coordinates, identity

FUSED = "two_stream"  # the architecture of these tables; its file names those of its streams
SPLITS = (1, 2, 3)
KEYS = ["dataset", "backbone", "attention", "protocol"]


def table(results: Results, dataset: str) -> pd.DataFrame:
    """One row per backbone, attention and protocol on a data set or a part of it.

    Columns: coordinates, then for each stream its top-1 on splits 1 to 3 (means over seeds) and the mean over
    splits with its interval, then n used, n official and weights. What is planned and was not run stands
    last, as missing. A row has flow, alone or fused: a suite of single frames only is no part of this.

    Args:
        results: What was measured.
        dataset: The data set; its parts are named `<dataset>_<part>`.
    """
    streams = _streams()
    flow = (streams["temporal"], streams["fused"])
    every = [coordinates(cell) for cell in dict.fromkeys([*results.planned_ids, *results.ids])]
    mine = [c for c in every if c["dataset"] == dataset or c["dataset"].startswith(f"{dataset}_")]
    with_flow = {tuple(c[k] for k in KEYS) for c in mine if c["architecture"] in flow}
    keys = dict.fromkeys(tuple(c[k] for k in KEYS) for c in mine if c["architecture"] in streams.values())
    rows = [_row(results, dict(zip(KEYS, key)), streams) for key in keys if key in with_flow]
    rows.sort(key=lambda row: row["n"] is None)  # what was not run stands last
    return pd.DataFrame(rows, columns=None if rows else KEYS)


def _streams() -> dict[str, str]:
    """Stream -> architecture."""
    parts = plugin_files.optional("architecture", FUSED, "FUSED")
    return {"spatial": parts["rgb"], "temporal": parts["flow"], "fused": FUSED}


def _row(results: Results, key: dict, streams: dict[str, str]) -> dict:
    row, counts = {**key}, {"n": None, "n_official": None}
    for stream, architecture in streams.items():
        cell = identity({**key, "architecture": architecture})
        runs = results.runs_of(cell)
        for split in SPLITS:
            row[f"{stream}_{split}"] = runs.loc[runs["fold"] == split, "top1"].mean() if len(runs) else np.nan
        found = comparisons.accuracy(results, cell)
        row[stream] = runs["top1"].mean() if len(runs) else np.nan
        row |= {f"{stream}_low": found.low, f"{stream}_high": found.high}
        counts = {name: known or int(runs[name].sum()) or None for name, known in counts.items()}
    cells = [identity({**key, "architecture": name}) for name in streams.values()]
    return row | counts | {"weights": comparisons.weights(results, *cells)}

"""The two-stream tables: spatial, temporal, fused; every official split and the mean."""

import numpy as np
import pandas as pd

from vidattn.bench import summary
from vidattn.bench.results import Results, coordinates, identity

STREAMS = {"spatial": "frame_average", "temporal": "temporal_stream", "fused": "two_stream"}
SPLITS = (1, 2, 3)
KEYS = ["dataset", "backbone", "attention", "protocol"]
ATTENTION = ("none", "l2pa", "gated", "gated_grid", "residual", "cbam")
BACKBONES = ("resnet50_v2", "mobilenet_v2")


def table(results: Results, dataset: str) -> pd.DataFrame:
    """One row a backbone, attention and protocol on a data set or a part of it.

    Columns: coordinates, then for each stream its top-1 on splits 1 to 3 (means over seeds) and the mean over
    splits with its interval, then n used, n official and weights. Where the suite has no cell of the data
    set, the thesis' plan is listed as missing.
    """
    found = [coordinates(cell) for cell in results.ids]
    found = [c for c in found if c["dataset"] == dataset or c["dataset"].startswith(f"{dataset}_")]
    keys = {tuple(c[k] for k in KEYS): None for c in found if c["architecture"] in STREAMS.values()}
    if not keys:
        keys = {
            (dataset, backbone, attention, "clean"): None for backbone in BACKBONES for attention in ATTENTION
        }
    return pd.DataFrame([_row(results, dict(zip(KEYS, key))) for key in keys])


def _row(results: Results, key: dict) -> dict:
    row, counts = {**key}, {"n": None, "n_official": None}
    for stream, architecture in STREAMS.items():
        cell = identity({**key, "architecture": architecture})
        runs = results.runs[results.runs["cell"] == cell]
        for split in SPLITS:
            row[f"{stream}_{split}"] = runs.loc[runs["fold"] == split, "top1"].mean() if len(runs) else np.nan
        found = summary.accuracy(results, cell)
        row[stream] = runs["top1"].mean() if len(runs) else np.nan
        row |= {f"{stream}_low": found.low, f"{stream}_high": found.high}
        counts = {name: known or int(runs[name].sum()) or None for name, known in counts.items()}
    cells = [identity({**key, "architecture": name}) for name in STREAMS.values()]
    return row | counts | {"weights": summary.weights(results, *cells)}

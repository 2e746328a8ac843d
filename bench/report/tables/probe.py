"""Attention on a frozen backbone with ImageNet weights: in readouts of its maps, and inside it."""

from collections.abc import Collection
from functools import partial

import pandas as pd

from vidattn.bench.analysis import against_controls, comparisons, controls
from vidattn.bench.analysis.comparisons import Kind, Pairs
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

GAIN = ["difference", "difference_low", "difference_high", "p_holm", "judged_in", "detectable"]
SIZES = ["n", "folds", "seeds", "parameters", "trainable", "flops", "weights"]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per cell whose backbone is pre-trained and frozen.

    The first difference is that to the same model without attention; `over_readout` that to the same maps
    read without attention (`multilevel`), where the attention's file names that as its control. Each is
    corrected with those of its kind that are planned on the data set and protocol. `detectable` is the
    smallest true difference found with a power of 0.8 after that correction. A p that is repeated from
    another part has its name in `judged_in`.
    """
    cells = dict.fromkeys([*results.ids, *results.planned_ids])
    cells = {cell: None for cell in cells if _fixed(results, cell)}
    shown = comparisons.cells(results).set_axis(list(results.ids)).to_dict("index")
    rows = [{**coordinates(cell), "cell": cell, **shown.get(cell, {})} for cell in cells]  # empty if not run
    frame = pd.DataFrame(rows, columns=["cell", *COORDINATES, "top1", *SIZES])
    intervals = [comparisons.accuracy(results, cell) if results.records.get(cell) else None for cell in cells]
    frame["top1_low"] = [x.low if x else None for x in intervals]
    frame["top1_high"] = [x.high if x else None for x in intervals]
    frame = _joined(frame, results, comparisons.with_none, cells, "")
    frame = _joined(frame, results, partial(_with_readout, results), cells, "over_readout_")
    gains = [name + column for name in ("", "over_readout_") for column in GAIN]
    return frame[[*COORDINATES, "top1", "top1_low", "top1_high", *gains, *SIZES]]


def _fixed(results: Results, cell: str) -> bool:
    """Whether the protocol of a cell keeps a pre-trained trunk frozen, by what was run under it."""
    return comparisons.protocol(results, coordinates(cell)["protocol"]).get("freeze") == "trunk"


def _with_readout(results: Results, cells: Collection[str]) -> Pairs:
    """Every cell whose attention has a readout without attention, paired with that where it is there too."""
    every = [(cell, controls.readout(cell, results.plugins)) for cell in cells]
    return [(cell, other) for cell, other in every if other and other in cells]


def _joined(
    frame: pd.DataFrame, results: Results, kind: Kind, cells: Collection[str], prefix: str
) -> pd.DataFrame:
    """The frame with the differences of those pairs that were run, corrected with all of their kind."""
    run = [pair for pair in kind(cells) if all(results.records.get(cell) for cell in pair)]
    if not run:
        return frame.assign(**{prefix + name: float("nan") for name in GAIN})
    found = against_controls.versus(results, run, kind)[["cell", *GAIN]]
    return frame.merge(found.rename(columns={name: prefix + name for name in GAIN}), on="cell", how="left")

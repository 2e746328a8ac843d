"""How many kinds of device made the records behind a table: a table never mixes them silently."""

from collections import Counter

import pandas as pd

from vidattn.bench.report import captions
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

LEAST = 2  # coordinates that a table's rows need, to say which cells they are about


def mixed(frame: pd.DataFrame, results: Results) -> list[str]:
    """A paragraph that names the kinds and counts their runs, where a table mixes any; else none."""
    runs = Counter(
        record["device"]
        for cell in _cells(frame, results)
        for record in results.records.get(cell, [])
        if record.get("device")
    )
    if len(runs) < 2:
        return []
    listed = ", ".join(f"{name} ({count} run{'s' * (count != 1)})" for name, count in sorted(runs.items()))
    return [captions.DEVICES.format(kinds=len(runs), listed=listed)]


def _cells(frame: pd.DataFrame, results: Results) -> list[str]:
    """The cells that the rows are about, by their ids or by as many coordinates as a table has."""
    if "cell" in frame:
        shown = set(frame["cell"])
        return [cell for cell in results.ids if cell in shown]
    axes = [axis for axis in COORDINATES if axis in frame]
    if len(axes) < LEAST:
        return []
    rows = set(frame[axes].astype(str).itertuples(index=False, name=None))
    return [cell for cell in results.ids if tuple(coordinates(cell)[axis] for axis in axes) in rows]

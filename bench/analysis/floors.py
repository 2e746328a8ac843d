"""Heads on stored features against logistic regression on the same features, the floor under them."""

import pandas as pd

from vidattn.bench.analysis import comparisons, untrained
from vidattn.bench.results.reader import Results, coordinates, identity

COLUMNS = ["cell", "floor", "floor_top1", "difference", "difference_low", "difference_high", "under_trained"]


def table(results: Results) -> pd.DataFrame:
    """One row per cell that has a floor: the best of its floors, the paired difference to it, the verdict.

    `under_trained` is whether the whole interval of the difference lies below zero.
    """
    if "floors" not in results.cache:
        names = [name for name in results.ids if results.records[name]]
        floors: dict[str, list[str]] = {}
        for name in names:
            if untrained.is_floor(coordinates(name)["architecture"]):
                floors.setdefault(_setting(name), []).append(name)
        heads = [name for name in names if untrained.trained(coordinates(name)["architecture"])]
        rows = [_row(results, name, floors[_setting(name)]) for name in heads if _setting(name) in floors]
        results.cache["floors"] = pd.DataFrame(rows, columns=COLUMNS)
    return results.cache["floors"].copy()


def _setting(cell: str) -> str:
    """What a head shares with its floor: all but the architecture."""
    return identity({**coordinates(cell), "architecture": "any"})


def _row(results: Results, cell: str, floors: list[str]) -> dict:
    levels = {name: comparisons.accuracy(results, name).value for name in floors}
    floor = max(levels, key=levels.__getitem__)
    gap = comparisons.paired(results, {cell: 1.0, floor: -1.0})
    row = {
        "cell": cell,
        "floor": floor,
        "floor_top1": levels[floor],
        **comparisons.interval("difference", gap),
    }
    return row | {"under_trained": bool(gap.high < 0)}

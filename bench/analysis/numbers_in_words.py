"""Numbers in words: differences, accuracies, counts."""

from collections.abc import Iterable
from itertools import compress

import numpy as np
import pandas as pd

from vidattn.bench.analysis import comparisons
from vidattn.bench.config import plugin_files
from vidattn.bench.config.kinds import MODEL
from vidattn.bench.results.reader import Results, coordinates


def points(value: float, low: float, high: float) -> str:
    """A difference in percentage points: `+0.9 points [+0.1, +1.7]`, no brackets without an interval."""
    if np.isnan(low):
        return f"{100 * value:+.1f} points"
    return f"{100 * value:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]"


def excluded(*highs: float) -> str:
    """What upper ends of intervals rule out: `gains above 2.8 points are excluded`, or any gain."""
    ends = [f"{100 * max(high, 0.0):.1f}" for high in (min(highs), max(highs))]
    if max(highs) <= 0:
        return "any gain is excluded"
    return f"gains above {' to '.join(dict.fromkeys(ends))} points are excluded"


def percent(value: float, low: float, high: float) -> str:
    """An accuracy: `74.3 % [60.9, 85.6]`, without brackets where there is no interval."""
    return f"{100 * value:.1f} %" + ("" if np.isnan(low) else f" [{100 * low:.1f}, {100 * high:.1f}]")


def chance(p: float) -> str:
    """A p value as a reader wants it: with a fourth digit where three do not tell its side of 0.05."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.4f}" if abs(p - comparisons.LEVEL) < 0.0005 else f"p = {p:.3f}"


def accuracy(row: pd.Series) -> str:
    """Top-1 of a row of `comparisons.cells`."""
    return percent(row["top1"], row["top1_low"], row["top1_high"])


def arms(rows: Iterable[dict], name: str) -> str:
    """`7,560`, or `7,560 / 756` where cell and control differ; from the least to the most of several.

    Args:
        rows: Of `comparisons.arms`.
        name: What of them.
    """
    return " / ".join(dict.fromkeys(ends(side) for side in zip(*(row[name] for row in rows))))


def runs(folds: Iterable[int], seeds: Iterable[int]) -> str:
    """`3 folds x 1 seed`: the training runs of a model; from the least to the most of several."""
    return f"{extent(folds, 'fold')} x {extent(seeds, 'seed')}"


def runs_of_arms(rows: list[dict]) -> str:
    """`3 folds x 1 seed`, or `3 folds x 2 / 5 seeds`: the training runs of a model and of its control."""
    seeds = arms(rows, "seeds")
    return f"{extent([row['folds'] for row in rows], 'fold')} x {seeds} seed{'' if seeds == '1' else 's'}"


def counted(counts: dict[str, tuple[int, int]]) -> tuple[str, str]:
    """`3 of 10`, and whose these are by model, `none / lstm 3 of 5`; only of cells that have any."""
    names = models(counts)
    named = [f"{names[cell]} {k} of {n}" for cell, (k, n) in counts.items() if k]
    total, runs = (sum(count[i] for count in counts.values()) for i in (0, 1))
    return f"{total} of {runs}", ", ".join(named)


def models(cells: Iterable[str]) -> dict[str, str]:
    """A name for the model of each cell: `mobilenet_v2 / lstm`, without what all of them have in common.

    The architecture is always named.
    """
    parts = {cell: [coordinates(cell)[axis] for axis in MODEL] for cell in cells}
    named = [len(set(values)) > 1 for values in zip(*parts.values())][:-1] + [True]
    return {cell: " / ".join(compress(part, named)) for cell, part in parts.items()}


def extent(values: Iterable[int], name: str) -> str:
    """`3 folds`, or `1 to 3 folds`."""
    low, high = int(min(values)), int(max(values))
    return f"{low if low == high else f'{low} to {high}'} {name}{'' if high == 1 else 's'}"


def items(results: Results, part: pd.DataFrame) -> str:
    """What a data set is made of."""
    names = part["architecture"].unique()
    plugins = [plugin_files.among(results.plugins, "architecture", name) for name in names]
    return "images" if all(one.declares("STREAMS") == ("image",) for one in plugins) else "clips"


def ends(values: Iterable[int]) -> str:
    """`240`, or `190 to 240`."""
    found = sorted(values)
    return f"{found[0]:,}" if found[0] == found[-1] else f"{found[0]:,} to {found[-1]:,}"

"""What a random split measures: test clips whose source video is in training too, against the others."""

import pandas as pd

from vidattn.bench.analysis import comparisons, siblings
from vidattn.bench.results.reader import Results, coordinates, identity

WHERE = ["dataset", "backbone", "architecture"]
SIDES = ("with_sibling", "without_sibling", "clean")
COLUMNS = [*WHERE, "protocol"]
COLUMNS += [f"{side}{end}" for side in SIDES for end in ("", "_low", "_high", "_n")]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per cell of the random split: top-1 of its test clips, by where their source video is.

    `with_sibling` is top-1 of test clips whose source video has other clips (siblings) in training or
    validation, `without_sibling` that of the others (where no run ever tested a sibling, its clip counts
    among these), `clean` that of the same model on the group-disjoint split: where the split leaks, clips
    without siblings are recognised no better than there. `_n` counts predictions.

    Compare:
        leakage: [protocol of the random split, that of the group-disjoint one]; without it, no rows.
    """
    leaky, clean = results.compare.get("leakage", (None, None))
    families: dict[str, list[str]] = {}
    for cell in results.ids:
        if coordinates(cell)["protocol"] == leaky and results.records[cell]:
            families.setdefault(coordinates(cell)["dataset"], []).append(cell)
    rows = []
    for cells in families.values():
        for cell, sides in siblings.accuracies(results, cells).items():
            control = identity({**coordinates(cell), "protocol": clean})
            rows.append(_row(results, cell, sides, control))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(results: Results, cell: str, sides: tuple, control: str) -> dict:
    beside = comparisons.accuracy(results, control) if results.records.get(control) else None
    row = {name: coordinates(cell)[name] for name in (*WHERE, "protocol")}
    for name, estimate in zip(SIDES, (*sides, beside)):
        if estimate is not None and estimate.n:
            row |= {**comparisons.interval(name, estimate), f"{name}_n": estimate.n}
    return row

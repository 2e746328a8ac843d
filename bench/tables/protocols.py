"""The same models under the paper's protocol, under the clean one, and as published."""

import numpy as np
import pandas as pd

from vidattn.bench import publication, stats, summary
from vidattn.bench.results import COORDINATES, Results, identity

KEYS = list(COORDINATES[:4])
ENDS = ("", "_low", "_high")


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row a model: each protocol's top-1 with its interval, published, the paired difference.

    The difference is paper minus clean on the clips that both were tested on.

    Options:
        protocols: [paper, clean], by the names that the suite gives them.
    """
    protocols = options.get("protocols", ["paper", "clean"])
    cells = summary.cells(results)
    if cells.empty:
        return pd.DataFrame(columns=[*KEYS, *protocols])
    models = cells[KEYS].drop_duplicates().to_dict("records")
    printed = pd.concat([results.published(source) for source in ("thesis", "icip")])
    return pd.DataFrame([_row(results, cells, key, protocols, printed) for key in models])


def _row(
    results: Results, cells: pd.DataFrame, key: dict, protocols: list[str], printed: pd.DataFrame
) -> dict:
    row, mine = dict(key), cells[(cells[KEYS] == pd.Series(key)).all(axis=1)].set_index("protocol")
    for name in protocols:
        known = name in mine.index
        row |= {f"{name}{end}": mine.loc[name, f"top1{end}"] if known else np.nan for end in ENDS}
        row[f"n_{name}"] = mine.loc[name, "n"] if known else None
    value = printed[(printed[[*KEYS, "metric"]] == pd.Series({**key, "metric": "top1"})).all(axis=1)]["value"]
    row["published"] = value.iloc[0] if len(value) else np.nan
    return row | _difference(results, key, protocols)


def _difference(results: Results, key: dict, protocols: list[str]) -> dict:
    pairs = publication.by_clip(results, *(identity({**key, "protocol": name}) for name in protocols))
    if pairs.empty:
        return dict.fromkeys(("difference", "difference_low", "difference_high", "p"), np.nan)
    found = stats.difference(pairs["first"], pairs["second"], pairs["group"], pairs["run"])
    return {
        "difference": found.value,
        "difference_low": found.low,
        "difference_high": found.high,
        "p": found.p,
    }

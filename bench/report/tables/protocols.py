"""The same models under the paper's protocol, under the clean one, and as published."""

import numpy as np
import pandas as pd

from vidattn.bench.analysis import comparisons
from vidattn.bench.results.reader import COORDINATES, Results, identity

KEYS = list(COORDINATES[:4])
ENDS = ("", "_low", "_high")
COLUMNS = [f"{kind}{end}" for kind in ("paper", "clean") for end in ENDS]
COLUMNS += ["published", *(f"difference{end}" for end in ENDS), "p", "n", "groups"]
COLUMNS += [f"{n}_{kind}" for kind in ("paper", "clean") for n in ("n", "n_official", "runs")]
COLUMNS += ["weights"]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per model and pair of protocols: top-1 under each with its interval, published, the difference.

    The difference is paper minus clean, paired on the `n` clips, of `groups`, that both were tested on: it is
    not the difference of the two columns, which are over all clips of each. p is of each row alone. `runs`
    are training runs of a model. Models that were run under both protocols come first. icip_paper is the
    published protocol but for pooled features; `nearest`, the 1-NN leakage probe, trains nothing: it
    remembers all training clips, also those of a dropped batch, each by the mean of all its sampled frames.

    Compare:
        protocols: Pairs [paper, clean], by the names that params.yaml gives them.
    """
    cells = comparisons.cells(results)
    pairs = results.compare.get("protocols", [["paper", "clean"]])
    if cells.empty:
        return pd.DataFrame(columns=[*KEYS, "protocols", *COLUMNS])
    shown = dict(zip(results.ids, cells.to_dict("records")))
    printed = _published(results)
    rows = []
    for pair in pairs:
        models = cells[cells["protocol"].isin(pair)][KEYS].drop_duplicates().to_dict("records")
        rows += [_row(results, shown, key, pair, printed) for key in models]
    frame = pd.DataFrame(rows, columns=[*KEYS, "protocols", *COLUMNS])
    known = frame[["paper", "clean", "published"]].notna().sum(axis=1)
    return frame.loc[(-known).sort_values(kind="stable").index].reset_index(drop=True)


def _published(results: Results) -> dict[tuple, float]:
    """Coordinates less the protocol -> the first top-1 that is printed of them."""
    printed = pd.concat([results.published(source) for source in ("thesis", "icip")])
    printed = printed[printed["metric"] == "top1"].drop_duplicates(KEYS)
    return dict(zip(printed[KEYS].itertuples(index=False, name=None), printed["value"]))


def _row(results: Results, shown: dict[str, dict], key: dict, pair: list[str], printed: dict) -> dict:
    row: dict = {**key, "protocols": " - ".join(pair)}
    names = [identity({**key, "protocol": name}) for name in pair]
    for kind, name in zip(("paper", "clean"), names):
        mine = shown.get(name, {})
        row |= {f"{kind}{end}": mine.get(f"top1{end}", np.nan) for end in ENDS}
        row |= {f"{n}_{kind}": mine.get(n) for n in ("n", "n_official")}
        row[f"runs_{kind}"] = len(results.records.get(name, [])) or None
    row["weights"] = comparisons.weights(results, *names)
    row["published"] = printed.get(tuple(key[name] for name in KEYS), np.nan)
    return row | _difference(results, names)


def _difference(results: Results, names: list[str]) -> dict:
    estimate = comparisons.unpaired(results, dict(zip(names, (1.0, -1.0))))
    if not estimate.n:
        return {}
    counts = {"p": estimate.p, "n": estimate.n, "groups": estimate.groups}
    return {**comparisons.interval("difference", estimate), **counts}

"""Where You and Korhonen's gains come from: leakage, readout, scaling, attention; p by Holm in families."""

from collections.abc import Hashable

import numpy as np
import pandas as pd

from vidattn.bench.analysis import comparisons, noise_model, planned, statistics, verdicts
from vidattn.bench.analysis.noise_model import Estimate
from vidattn.bench.results.reader import Results, coordinates, identity

ATTENTION = ": attention vs. uniform weights"  # matched readout and scaling
# effect -> (cell's architecture, control's architecture); a gain is the sum of the effects below it
EFFECTS = {
    "attention after: gain": ("lstm_attention", "lstm"),
    "attention after: readout": ("lstm_sequence", "lstm"),
    "attention after: scaling": ("lstm_uniform", "lstm_sequence"),
    f"attention after{ATTENTION}": ("lstm_attention", "lstm_uniform"),
    "attention before: gain": ("attention_lstm", "lstm"),
    "attention before: scaling": ("uniform_lstm", "lstm"),
    f"attention before{ATTENTION}": ("attention_lstm", "uniform_lstm"),
    "recurrence and dense layer": ("lstm", "mean_linear"),
}
LEAKED_GAIN = "leakage: gain of "  # begins the effects that are of a gain, not of a head
GAINS = ("attention after: gain", "attention before: gain")
HEADS = (*dict.fromkeys(head for pair in EFFECTS.values() for head in pair), "nearest")
KEYS = ["dataset", "backbone", "attention", "protocol"]
VALUES = [
    "cell",
    "control",
    "top1_published",
    "top1_difference",
    "top1_difference_low",
    "top1_difference_high",
]
COUNTS = ["p", "p_holm", "judged_in", "detectable", "n", "groups", "runs", "run_variance", "weights"]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per effect, backbone and protocol; paired on the same clips.

    `recurrence and dense layer` is the lstm against mean_linear, which lacks not only the LSTM but also the
    dense layer and its dropout.

    `p_holm` corrects within a family: the effects of one data set and protocol; the leakage of one data
    set; a setting of one data set. Where another part has judged the same difference (`judged_in`), its p
    stands here. `runs` is the number of
    training runs of the arm that has fewer, `detectable` the smallest true difference that is found with a
    power of 0.8 after that correction. Published gains of cells that were not run stand last, in a row
    without ours; a part of a data set has none.

    Leakage is that of a head, or of a gain: the gain under the random split less the gain under the
    group-disjoint one, clip by clip (cell and control are then the heads with attention, each less the lstm
    of its protocol).

    Compare:
        explained: Protocols whose heads are compared; default all.
        leakage: [protocol of the random split, that of the group-disjoint one], default paper and clean;
            paired on the clips that both were tested on.
        settings: {effect: [protocol with it, protocol without]}, which differ in one setting on the same
            folds; default none.
    """
    keys = _keys(results, results.compare.get("explained"))
    rows = [row for key in keys for row in _effects(results, key)]
    rows += [row for key in keys for row in _leakage(results, key)]
    settings = results.compare.get("settings", {})
    rows += [row for effect, pair in settings.items() for row in _setting(results, effect, pair)]
    rows += _not_run(results, keys)
    frame = pd.DataFrame(rows, columns=["effect", *KEYS, *VALUES, "estimate", *COUNTS])
    families = _families(frame)
    sizes = {family: families.count(family) for family in families}
    frame["p_holm"] = statistics.holm_within(frame["p"].to_numpy(float), families, sizes)
    frame["detectable"] = [
        noise_model.minimal_detectable(estimate, sizes[family]) if isinstance(estimate, Estimate) else np.nan
        for estimate, family in zip(frame["estimate"], families)
    ]
    judged = planned.judged(results)
    return verdicts.take(frame, [judged.get(_key(row)) for row in rows]).drop(columns="estimate")


def _key(row: dict) -> Hashable:
    """Under which a difference of two cells on the same clips stands elsewhere; None for leakage."""
    if "cell" not in row or row["effect"].startswith("leakage: "):
        return None
    return verdicts.key({row["cell"]: 1.0, row["control"]: -1.0})


def leaks(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows on leakage that are of a head, not of a gain."""
    named = frame["effect"].astype(str)
    return frame[named.str.startswith("leakage: ") & ~named.str.startswith(LEAKED_GAIN)]


def _families(frame: pd.DataFrame) -> list[tuple]:
    """What each row is corrected with; comparisons of two protocols are named `<question>: <head>`."""
    rows = zip(frame["effect"], frame["dataset"], frame["protocol"])
    return [
        (dataset, protocol if effect in EFFECTS else effect.split(":")[0])
        for effect, dataset, protocol in rows
    ]


def _keys(results: Results, protocols: list[str] | None) -> list[dict]:
    """Coordinates less the architecture, for every cell with one of the heads under these protocols."""
    found = [coordinates(cell) for cell in results.ids]
    found = [c for c in found if protocols is None or c["protocol"] in protocols]
    unique = {tuple(c[k] for k in KEYS): None for c in found if c["architecture"] in HEADS}
    return [dict(zip(KEYS, key)) for key in unique]


def _effects(results: Results, key: dict) -> list[dict]:
    rows = []
    for effect, (cell, control) in EFFECTS.items():
        names = [identity({**key, "architecture": head}) for head in (cell, control)]
        rows.append(_paired(results, effect, key, names, _published(results, key, cell, control)))
    return rows


def _leakage(results: Results, key: dict) -> list[dict]:
    """The same head under both protocols, on the clips that both were tested on."""
    leaky, clean = results.compare.get("leakage", ["paper", "clean"])
    if key["protocol"] != leaky:
        return []
    rows = []
    for head in HEADS:
        names = [identity({**key, "architecture": head, "protocol": name}) for name in (leaky, clean)]
        if not any(name in results.ids for name in names):
            continue
        estimate = comparisons.unpaired(results, dict(zip(names, (1.0, -1.0))))
        rows.append(_row(results, f"leakage: {head}", key, names, estimate, np.nan))
    return rows + [_leaked(results, key, effect, (leaky, clean)) for effect in GAINS]


def _leaked(results: Results, key: dict, effect: str, protocols: tuple[str, str]) -> dict:
    """What the random split adds to a gain: the gain under it less the gain without, on the same clips."""
    cell, control = ({**key, "architecture": EFFECTS[effect][0], "protocol": name} for name in protocols)
    bases = [identity({**side, "architecture": EFFECTS[effect][1]}) for side in (cell, control)]
    names = [identity(side) for side in (cell, control)]
    signs = dict(zip([*names, *bases], (1.0, -1.0, -1.0, 1.0)))
    estimate = comparisons.unpaired(results, signs)
    row = _row(results, LEAKED_GAIN + effect.removesuffix(": gain"), key, names, estimate, np.nan)
    return row | ({"runs": _runs(results, *signs)} if estimate.n else {})


def _runs(results: Results, *cells: str) -> int:
    """Training runs of the cell that has the fewest."""
    return min(len(results.records.get(cell, [])) for cell in cells)


def _setting(results: Results, effect: str, pair: list[str]) -> list[dict]:
    """The same head under two protocols on the same folds, for every head that was run under the two."""
    rows = []
    for key in _keys(results, pair[:1]):
        for head in HEADS:
            names = [identity({**key, "architecture": head, "protocol": name}) for name in pair]
            if all(name in results.ids for name in names):
                rows.append(_paired(results, f"{effect}: {head}", key, names, np.nan))
    return rows


def _paired(results: Results, effect: str, key: dict, names: list[str], printed: float) -> dict:
    """A row of two cells, over the folds that both have."""
    estimate = comparisons.paired(results, dict(zip(names, (1.0, -1.0))))
    return _row(results, effect, key, names, estimate, printed)


def _row(
    results: Results, effect: str, key: dict, names: list[str], estimate: Estimate, printed: float
) -> dict:
    row = {"effect": effect, **key, "cell": names[0], "control": names[1], "top1_published": printed}
    if not estimate.n:
        return row
    counts = {"n": estimate.n, "groups": estimate.groups, "runs": _runs(results, *names)}
    counts |= {"run_variance": comparisons.run_source(results, *names)}
    counts |= {"weights": comparisons.weights(results, *names)}
    row |= {**comparisons.interval("top1_difference", estimate), "p": estimate.p, "estimate": estimate}
    return row | counts


def _published(results: Results, key: dict, cell: str, control: str) -> float:
    """The published difference, where both were printed for this data set and backbone."""
    frame = results.published("icip")
    mine = frame[(frame["dataset"] == key["dataset"]) & (frame["backbone"] == key["backbone"])]
    values = mine.set_index("architecture")["value"]
    return float(values[cell] - values[control]) if {cell, control} <= set(values.index) else np.nan


def _not_run(results: Results, keys: list[dict]) -> list[dict]:
    """A row a published gain of a data set and backbone that no cell of ours has."""
    ours = {(key["dataset"], key["backbone"]) for key in keys}
    printed = results.published("icip")[KEYS].drop_duplicates().to_dict("records")
    rows = [
        {"effect": effect, **key, "top1_published": _published(results, key, *EFFECTS[effect])}
        for key in printed
        if (key["dataset"], key["backbone"]) not in ours
        for effect in GAINS
    ]
    return [row for row in rows if not np.isnan(row["top1_published"])]

"""What each attention is worth on a data set: its difference to the control, over all models that have it."""

from collections.abc import Hashable

import pandas as pd

from vidattn.bench.analysis import comparisons, controls, no_learning, noise_model, statistics, verdicts
from vidattn.bench.analysis.verdicts import Judged
from vidattn.bench.results.reader import Results, coordinates

KEYS = ["dataset", "protocol", "attention"]
NUMBERS = ["difference", "difference_low", "difference_high", "p", "detectable", "n", "runs"]
COLUMNS = [*KEYS, "models", "left_out", *NUMBERS, "arms", "weights", "family_size"]
PART = "main effects"


def table(results: Results) -> pd.DataFrame:
    """One row an attention, data set and clean protocol, with `p_holm` over those planned on a data set.

    The difference is the mean over models of top-1 minus that of the control, on the same clips. Models whose
    control learned nothing (`no_learning`) are counted in `left_out`. Protocols
    with defects, with shuffled frames, or with a frozen encoder that never learned anything answer other
    questions and are left out, and so are attentions that are controls. `n` and `runs` are of the arm that
    has fewer, `arms` has both, of each model.
    """
    if "main_effects" not in results.cache:
        families = _families(results)
        sizes: dict[str, int] = {}
        for dataset, _, _ in families:
            sizes[dataset] = sizes.get(dataset, 0) + 1
        rows = [_row(results, key, pairs, sizes[key[0]]) for key, pairs in families.items()]
        frame = pd.DataFrame([row for row in rows if row], columns=COLUMNS)
        p_holm = statistics.holm_within(frame["p"], list(frame["dataset"]), sizes)
        results.cache["main_effects"] = frame.assign(p_holm=p_holm)
    return results.cache["main_effects"].copy()


def judged(results: Results) -> dict[Hashable, Judged]:
    """The register of the main effects: their p stands for the same difference wherever it is shown."""
    frame = table(results)
    keys = [verdicts.key(weights) for weights in frame["weights"]]
    return verdicts.collect([PART] * len(frame), frame, keys)


def _families(results: Results) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    """(Data set, protocol, attention) -> the planned pairs of a cell and its control."""
    names = dict.fromkeys([*results.planned_ids, *results.ids])
    families: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for cell in names:
        control, where = controls.control(cell, results.plugins), coordinates(cell)
        if where["attention"] in results.controls:
            continue
        if control in names and answers(comparisons.planned_protocol(results, where["protocol"])):
            key = (where["dataset"], where["protocol"], controls.attention_of(cell))
            families.setdefault(key, []).append((cell, control))
    return families


def answers(protocol: dict) -> bool:
    """Whether a protocol's runs say what attention is worth."""
    untrained = protocol.get("encoder") == "frozen" and protocol.get("weights") == "random"
    return protocol.get("kind") == "clean" and protocol.get("order", "given") == "given" and not untrained


def _row(results: Results, key: tuple[str, str, str], pairs: list[tuple[str, str]], size: int) -> dict | None:
    """The effect over the pairs that were run; None where none was or where it has no interval."""
    made = [pair for pair in pairs if all(results.records.get(cell) for cell in pair)]
    run = [pair for pair in made if no_learning.usable(results.records[pair[1]])]
    weights = comparisons.over_models(run)
    estimate = comparisons.paired(results, weights) if run else noise_model.Estimate()
    if not estimate.judged:
        return None
    row = dict(zip(KEYS, key)) | {"models": len(run), "left_out": len(made) - len(run)}
    row |= {**comparisons.interval("difference", estimate), "p": estimate.p, "n": estimate.n}
    row |= {"detectable": noise_model.minimal_detectable(estimate, size)}
    row |= {"arms": [comparisons.arms(results, *pair) for pair in run], "weights": weights}
    runs = min(comparisons.trainings(results, *pair)["runs"] for pair in run)
    return row | {"runs": runs, "family_size": size}

"""The comparisons that params.yaml names, in the families that it names."""

from collections.abc import Hashable

import pandas as pd

from vidattn.bench.analysis import (
    comparisons,
    controls,
    main_effects,
    no_learning,
    noise_model,
    statistics,
    verdicts,
)
from vidattn.bench.analysis.verdicts import Judged
from vidattn.bench.results.reader import Results, coordinates, identity

PARTS = {True: "planned comparisons", False: "post hoc comparisons"}


def evaluate(results: Results) -> pd.DataFrame:
    """One row a contrast: both accuracies on its classes, their difference, p in its family, the verdict.

    A contrast that is a main effect has the p of that, and one that was named post hoc that of a comparison
    with a control; `judged_in` says so. `arms` has what the difference rests on, of the cell and of the
    control.

    Args:
        results: What was measured. Its `compare` has `families` of classes, and `contrasts`, each {"name",
            "cell", "control"} with cells by id or coordinates, and perhaps "classes" (a family of classes),
            "family" (what Holm corrects over, run or not; default its data set and protocol) and "planned"
            (whether it was named before its results existed; default false).
    """
    frame = pd.DataFrame([_contrast(results, row) for row in results.compare.get("contrasts", [])])
    if frame.empty:
        return frame
    sizes = frame["family"].value_counts().to_dict()
    frame["p_holm"] = statistics.holm_within(frame["p"], list(frame["family"]), sizes)
    frame["detectable"] = [
        noise_model.minimal_detectable(estimate, sizes[family])
        for estimate, family in zip(frame["estimate"], frame["family"])
    ]
    frame["family_size"] = [sizes[family] for family in frame["family"]]
    frame["key"] = [
        verdicts.key({row["cell"]: 1.0, row["control"]: -1.0}, _classes(results, row["classes"]))
        for _, row in frame.iterrows()
    ]
    first, second = main_effects.judged(results), controls.judged(results)
    known = [
        first.get(row["key"]) or (None if row["planned"] else second.get(row["key"]))
        for _, row in frame.iterrows()
    ]
    frame = verdicts.take(frame, known)
    return frame.assign(verdict=frame.apply(_verdict, axis=1)).drop(columns="estimate")


def judged(results: Results) -> dict[Hashable, Judged]:
    """The whole register: main effects, planned contrasts, comparisons with controls, contrasts post hoc."""
    if "judged" not in results.cache:
        frame = evaluate(results)
        first, second = main_effects.judged(results), controls.judged(results)
        named, later = (
            ({}, {}) if frame.empty else map(_own, (frame[frame["planned"]], frame[~frame["planned"]]))
        )
        results.cache["judged"] = {**later, **second, **named, **first}
    return results.cache["judged"]


def _own(frame: pd.DataFrame) -> dict[Hashable, Judged]:
    """The register of contrasts that have the p of their own family."""
    own = frame[frame["judged_in"].isna()]
    return verdicts.collect([PARTS[bool(named)] for named in own["planned"]], own, list(own["key"]))


def _contrast(results: Results, row: dict) -> dict:
    cell, control = identity(row["cell"]), identity(row["control"])
    where, classes = coordinates(cell), _classes(results, row.get("classes"))
    values = {"name": row["name"], "classes": row.get("classes", "all"), "cell": cell, "control": control}
    values |= {"dataset": where["dataset"], "protocol": where["protocol"]}
    values["family"] = row.get("family", f"{where['dataset']}, {where['protocol']}")
    values |= {"planned": bool(row.get("planned", False)), **comparisons.trainings(results, cell, control)}
    for name, one in (("top1", cell), ("control_top1", control)):
        values |= comparisons.interval(name, comparisons.accuracy(results, one, classes))
    gap = comparisons.paired(results, {cell: 1.0, control: -1.0}, classes)
    values |= {**comparisons.interval("difference", gap), "p": gap.p, "n": gap.n, "groups": gap.groups}
    values["arms"] = [comparisons.arms(results, cell, control, classes)]
    values["control_learned"] = no_learning.usable(results.records.get(control, []))
    return values | {"run_variance": comparisons.run_source(results, cell, control), "estimate": gap}


def _classes(results: Results, name: str | None) -> list[str] | None:
    families = results.compare.get("families", {})
    if name not in (None, "all") and name not in families:
        valid = ", ".join(sorted(families))
        raise ValueError(f"Unknown classes '{name}' in a contrast. Expected one of: {valid}.")
    return families.get(name)


def _verdict(row: pd.Series) -> str:
    """One of: not run, no interval, higher, not significant, control learned nothing, lower."""
    if not row["n"]:
        return "not run"
    if pd.isna(row["p_holm"]):
        return "no interval"
    if row["p_holm"] >= comparisons.LEVEL:
        return "not significant" if row["control_learned"] else no_learning.VERDICT
    return "higher" if row["difference"] > 0 else "lower"

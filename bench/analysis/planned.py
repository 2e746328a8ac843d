"""The comparisons that params.yaml names, in the families that it names."""

import pandas as pd

from vidattn.bench.analysis import comparisons, noise_model, statistics
from vidattn.bench.results.reader import Results, coordinates, identity


def evaluate(results: Results, options: dict) -> pd.DataFrame:
    """One row a contrast: both accuracies on its classes, their difference, p in its family, the verdict.

    Args:
        results: What was measured.
        options: `compare` of params.yaml: `families` of classes, and `contrasts`, each {"name", "cell",
            "control"} with cells by id or coordinates, and perhaps "classes" (a family of classes), "family"
            (what Holm corrects over, run or not; default its data set and protocol) and "planned" (whether it
            was named before its results existed; default false).
    """
    frame = pd.DataFrame([_contrast(results, row, options) for row in options.get("contrasts", [])])
    if frame.empty:
        return frame
    sizes = frame["family"].value_counts().to_dict()
    frame["p_holm"] = statistics.holm_within(frame["p"], list(frame["family"]), sizes)
    frame["detectable"] = [
        noise_model.minimal_detectable(estimate, sizes[family])
        for estimate, family in zip(frame["estimate"], frame["family"])
    ]
    return frame.assign(verdict=frame.apply(_verdict, axis=1)).drop(columns="estimate")


def _contrast(results: Results, row: dict, options: dict) -> dict:
    cell, control = identity(row["cell"]), identity(row["control"])
    where, classes = coordinates(cell), _classes(row.get("classes"), options)
    values = {"name": row["name"], "classes": row.get("classes", "all"), "cell": cell, "control": control}
    values |= {"dataset": where["dataset"], "protocol": where["protocol"]}
    values["family"] = row.get("family", f"{where['dataset']}, {where['protocol']}")
    values |= {"planned": row.get("planned", False), **comparisons.trainings(results, cell, control)}
    for name, one in (("top1", cell), ("control_top1", control)):
        values |= comparisons.interval(name, comparisons.accuracy(results, one, classes))
    gap = comparisons.paired(results, {cell: 1.0, control: -1.0}, classes)
    values |= {**comparisons.interval("difference", gap), "p": gap.p, "n": gap.n, "groups": gap.groups}
    return values | {"run_variance": comparisons.run_source(results, cell, control), "estimate": gap}


def _classes(name: str | None, options: dict) -> list[str] | None:
    families = options.get("families", {})
    if name not in (None, "all") and name not in families:
        valid = ", ".join(sorted(families))
        raise ValueError(f"Unknown classes '{name}' in a contrast. Expected one of: {valid}.")
    return families.get(name)


def _verdict(row: pd.Series) -> str:
    """One of: not run, no interval, higher, not significant, lower."""
    if not row["n"]:
        return "not run"
    if pd.isna(row["p_holm"]):
        return "no interval"
    if row["p_holm"] >= comparisons.LEVEL:
        return "not significant"
    return "higher" if row["difference"] > 0 else "lower"

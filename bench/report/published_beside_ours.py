"""Published values beside ours: one row per published cell and protocol; what was not run has no number."""

import numpy as np
import pandas as pd

from vidattn.bench.analysis import comparisons
from vidattn.bench.config import plugin_files
from vidattn.bench.results.reader import Results, coordinates

KEYS = ["dataset", "backbone", "attention", "architecture"]
ACCURACIES = ["top1", "top1_low", "top1_high", "top5", "top5_low", "top5_high"]
ICIP_HEADS = (
    "lstm",
    "lstm_sequence",
    "lstm_uniform",
    "lstm_attention",
    "uniform_lstm",
    "attention_lstm",
    "mean_linear",
    "conv3d",
    "nearest",
)  # variants A, C and B of You and Korhonen (ICIP 2020) with their controls, the baseline, the 1-NN probe
COUNTS = ["n", "n_official", "classes", "folds", "seeds", "weights"]


def published(results: Results, source: str, table: str) -> pd.DataFrame:
    """One row per published cell: coordinates, of them the protocol naming it, and `<metric>_published`."""
    frame = results.published(source)
    frame = frame[frame["table"] == table]
    wide = frame.pivot(index=KEYS, columns="metric", values="value").add_suffix("_published")
    order = frame[[*KEYS, "protocol"]].drop_duplicates(KEYS)
    return order.merge(wide.reset_index(), on=KEYS, how="left").rename_axis(columns=None)


def sizes(results: Results, source: str, table: str, classes: int) -> pd.DataFrame:
    """Published counts of parameters and FLOPs, ours from results/complexity, and the difference.

    Args:
        results: What was measured.
        source: Name of the file in results/published.
        table: Which of its tables.
        classes: Number of classes of the counted models.
    """
    frame = published(results, source, table).drop(columns=["dataset", "protocol"])
    measured = [name for name in ("parameters", "flops") if f"{name}_published" in frame]
    ours = _complexity(results, classes)[["backbone", "attention", "architecture", *measured]]
    frame = frame.merge(ours, on=["backbone", "attention", "architecture"], how="left")
    for name in measured:
        frame[f"{name}_difference"] = frame[name] - frame[f"{name}_published"]
    triples = [c for name in measured for c in (name, f"{name}_published", f"{name}_difference")]
    return frame[["backbone", "attention", "architecture", *triples]]


def accuracies(
    results: Results,
    source: str,
    table: str,
    architectures: tuple[str, ...],
    beside: tuple[str, ...] | None = None,
) -> pd.DataFrame:
    """Published accuracies beside ours, a row for each protocol that ours were run under.

    Where none was, the row names the protocol of params.yaml that is the published one. Below these come our
    other cells on that data set or a part of it (`ucf101_12`); a part is never put beside a published number,
    with which it cannot be compared.

    Args:
        results: What was measured.
        source: Name of the file in results/published.
        table: Which of its tables.
        architectures: Architectures of our other cells that belong into this table.
        beside: Protocols that may stand beside the published values; None for all. Under others our cells
            have rows of their own.
    """
    printed, ours = published(results, source, table), _ours(results)
    apart = ~ours["protocol"].isin(beside or set(ours["protocol"]))
    measured = [c.removesuffix("_published") for c in printed if c.endswith("_published")]
    frame = printed.merge(ours[~apart], on=KEYS, how="left", suffixes=("_published", ""))
    frame["protocol"] = frame["protocol"].fillna(frame["protocol_published"])
    family = [_part_of(dataset, set(printed["dataset"])) for dataset in ours["dataset"]]
    printed_rows = set(map(tuple, printed[KEYS].to_numpy()))
    known = np.array([tuple(row) in printed_rows for row in ours[KEYS].to_numpy()], bool)
    others = ours[np.array(family, bool) & ours["architecture"].isin(architectures) & (apart | ~known)]
    frame = pd.concat([frame, others], ignore_index=True)
    columns = [*KEYS, "protocol"]
    for name in measured:
        frame[f"{name}_difference"] = (frame[name] - frame[f"{name}_published"]).astype(float)
        columns += [name, f"{name}_low", f"{name}_high", f"{name}_published", f"{name}_difference"]
    return frame[[*columns, *COUNTS]]


def _ours(results: Results) -> pd.DataFrame:
    """One row per cell, the columns even without cells; a 3D network is listed without its backbone.

    Cells that are planned where others were run have rows without numbers.
    """
    columns = [*KEYS, "protocol", *ACCURACIES, *COUNTS]
    if not results.ids:
        return pd.DataFrame(columns=columns)
    frame = comparisons.cells(results).assign(classes=[_classes(results, cell) for cell in results.ids])
    if absent := _absent(results):
        frame = pd.concat([frame, pd.DataFrame(map(coordinates, absent))], ignore_index=True)
    heads = [plugin_files.among(results.plugins, "architecture", name) for name in frame["architecture"]]
    own_body = np.array([bool(head.declares("OWN_BODY")) for head in heads])
    return frame.assign(backbone=frame["backbone"].mask(own_body, "none"))[columns]


def _absent(results: Results) -> list[str]:
    """Planned cells that `results` do not show, of data sets and protocols under which others were run."""
    places = {_place(cell) for cell in results.ids if results.records[cell]}
    return [cell for cell in results.planned_ids if cell not in results.records and _place(cell) in places]


def _place(cell: str) -> tuple[str, str]:
    where = coordinates(cell)
    return where["dataset"], where["protocol"]


def _part_of(dataset: str, whole: set[str]) -> bool:
    """Whether a data set is one of these or a named part of one."""
    return any(dataset == name or dataset.startswith(f"{name}_") for name in whole)


def _classes(results: Results, cell: str) -> int | None:
    records = results.records[cell]
    return len(records[0].get("classes", [])) if records else None


def _complexity(results: Results, classes: int) -> pd.DataFrame:
    """One row per counted model of this many classes at 224 or more; the first where several were."""
    keys = ["backbone", "attention", "architecture"]
    frame = results.complexity
    if frame.empty:
        return pd.DataFrame(columns=[*keys, "parameters", "flops"])
    frame = frame[(frame["classes"] == classes) & (frame["size"] >= 224)]
    return frame.sort_values(["size", "model"], kind="stable").drop_duplicates(keys)

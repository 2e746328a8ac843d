"""How much was trained, read from records: clips an epoch, updates, runs that the last epoch cut short."""

import pandas as pd

from vidattn.bench.analysis import comparisons, loss_spikes, no_learning, numbers_in_words
from vidattn.bench.results.reader import COORDINATES, Results, coordinates


def trained(records: list[dict]) -> list[dict]:
    """The records of runs that trained anything and say how."""
    return [record for record in records if record.get("epochs") and "batch" in record.get("protocol", {})]


def steps(record: dict) -> int:
    """Batches of an epoch."""
    batch, whole = record["protocol"]["batch"], record["protocol"]["drop_remainder"]
    return record["n_train"] // batch if whole else -(-record["n_train"] // batch)


def used(record: dict) -> int:
    """Training clips of an epoch, less those of a dropped incomplete batch."""
    return min(record["n_train"], steps(record) * record["protocol"]["batch"])


def updates(record: dict) -> int:
    """Updates of the weights over all epochs that were run, with the learning rate that was chosen."""
    return record["epochs"] * steps(record) // record["protocol"].get("accumulate", 1)


def capped(record: dict) -> bool:
    """Whether training ended with the last epoch allowed while the loss on validation clips was falling.

    Only of runs that choose an epoch by validation: more epochs might have given them a better one. Records
    without `stopped` count patience in epochs: of them, whether the chosen epoch lies within it of the last.
    """
    protocol = record.get("protocol", {})
    if protocol.get("select") != "best" or not record.get("selected_epoch"):
        return False
    if "stopped" in record:
        return record["stopped"] == "cap" and record["falling"]
    return record["selected_epoch"] > protocol["epochs"] - max(protocol.get("patience", 0), 1)


def impatient(record: dict) -> bool:
    """Whether patience ended the training while the loss on validation clips was falling."""
    return record.get("stopped") == "patience" and record["falling"]


def features(record: dict) -> str:
    """What is trained: a network, what is added to a fixed one, or a head on stored features."""
    protocol = record["protocol"]
    if protocol["encoder"] != "frozen":
        fixed = protocol.get("freeze") == "trunk"
        return "what is added to a frozen backbone" if fixed else "the whole network"
    kind = "pooled" if protocol["pool"] == "mean" else "flat"
    return f"the head alone, on {kind} features of a frozen encoder"


def as_coded(record: dict) -> bool:
    """Whether the heads are those of You and Korhonen's code: its hard-sigmoid gates tell."""
    return record.get("protocol", {}).get("head", {}).get("gates") == "legacy"


def published(results: Results) -> list[dict]:
    """One dictionary a published way to train: dataset, protocol, its numbers and their source."""
    frame = results.published("icip_training")
    keys = ["dataset", "protocol", "source"]
    flat = features({"protocol": {"encoder": "frozen", "pool": "flat"}})
    return [
        dict(zip(keys, key)) | {"features": flat} | {m: int(v) for m, v in zip(part["metric"], part["value"])}
        for key, part in frame.groupby(keys, sort=False)
    ]


def sentences(results: Results, part: pd.DataFrame) -> list[str]:
    """How much was trained, beside the published runs where ours are heads of that code.

    Args:
        results: What was measured.
        part: Rows of `comparisons.cells`, of one data set and protocol.
    """
    cells = {
        cell: trained(results.records[cell]) for cell in map("-".join, part[list(COORDINATES)].to_numpy())
    }
    records = [record for found in cells.values() for record in found]
    if not records:
        return []
    first, settings = records[0], records[0]["protocol"]
    whole = numbers_in_words.ends(record["n_train"] for record in records)
    clips = numbers_in_words.ends(map(used, records))
    clips = clips if clips == whole else f"{clips} of {whole}"
    dropped = ", the incomplete one dropped" if settings["drop_remainder"] else ""
    items = numbers_in_words.items(results, part)
    text = f"Trained was {features(first)}: {clips} {items} an epoch in batches of"
    text += f" {settings['batch']}{dropped}, {numbers_in_words.ends(map(updates, records))} updates a run,"
    lines = [f"{text} {len(first['classes'])} classes.", *_cut_short(cells), *loss_spikes.sentences(cells)]
    lines += no_learning.sentences(cells)
    return lines + (_as_published(results, part) if as_coded(first) else [])


ENDINGS = (
    (capped, "training ended with the last epoch allowed while validation loss was falling"),
    (impatient, "patience ended the training while validation loss was falling"),
)


def _cut_short(cells: dict[str, list[dict]]) -> list[str]:
    """In how many runs of which cells more updates might have helped."""
    chose = {cell: [r for r in found if r.get("selected_epoch")] for cell, found in cells.items()}
    lines = []
    for ended, how in ENDINGS:
        counts = {cell: (sum(map(ended, found)), len(found)) for cell, found in chose.items()}
        share, whose = numbers_in_words.counted(counts)
        if whose:
            lines.append(f"In {share} runs {how}, so that more updates might have helped: {whose}.")
    return lines


def _as_published(results: Results, part: pd.DataFrame) -> list[str]:
    """What the published runs trained, and the same heads of ours on other features."""
    name, dataset = part["protocol"].iloc[0], part["dataset"].iloc[0]
    other = [p for p in _protocols(results) if comparisons.differing(results, name, p) == ["pool"]]
    lines = [_published(row) for row in published(results) if row["protocol"] in (name, *other)]
    cells = comparisons.cells(results)
    for twin in other:
        mine = cells[(cells["protocol"] == twin) & (cells["dataset"] == dataset) & cells["top1"].notna()]
        mine = mine[mine["architecture"].isin(part["architecture"]) & ~comparisons.probe(mine)]
        if len(mine):
            kind = "pooled" if comparisons.protocol(results, twin)["pool"] == "mean" else "flat"
            tops = [f"{row['architecture']} {numbers_in_words.accuracy(row)}" for _, row in mine.iterrows()]
            trainings = numbers_in_words.runs(mine["folds"], mine["seeds"])
            lines.append(f"The same heads on {kind} features ({twin}, {trainings}): {', '.join(tops)}.")
    return lines


def _protocols(results: Results) -> list[str]:
    """The protocols of all cells."""
    return list(dict.fromkeys(coordinates(cell)["protocol"] for cell in results.ids))


def _published(row: dict) -> str:
    return (
        f"Published on {row['dataset']}: {row['updates']:,} updates on flat features, {row['used']:,} of "
        f"{row['n_train']:,} clips an epoch, {row['classes']} classes ({row['source']})."
    )

"""How much was trained, read from records: clips an epoch, updates, runs that the last epoch cut short."""

import pandas as pd

from vidattn.bench import spikes, summary, wording
from vidattn.bench.results import COORDINATES, Results, coordinates


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
    """Whether the chosen epoch lies so near the last allowed one that patience did not end the training.

    Only of runs that choose an epoch by validation: more epochs might have given them a better one.
    """
    protocol = record.get("protocol", {})
    if protocol.get("select") != "best" or not record.get("selected_epoch"):
        return False
    return record["selected_epoch"] > protocol["epochs"] - max(protocol.get("patience", 0), 1)


def features(record: dict) -> str:
    """What is trained on what: the whole network on frames, or a head on features of a frozen encoder."""
    protocol = record["protocol"]
    if protocol["encoder"] != "frozen":
        return "the whole network"
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


def told(results: Results, part: pd.DataFrame) -> list[str]:
    """How much was trained, beside the published runs where ours are heads of that code.

    Args:
        results: What was measured.
        part: Rows of `summary.cells`, of one data set and protocol.
    """
    cells = {
        cell: trained(results.records[cell]) for cell in map("-".join, part[list(COORDINATES)].to_numpy())
    }
    records = [record for found in cells.values() for record in found]
    if not records:
        return []
    first, settings = records[0], records[0]["protocol"]
    whole = wording.ends(record["n_train"] for record in records)
    clips = wording.ends(map(used, records))
    clips = clips if clips == whole else f"{clips} of {whole}"
    dropped = ", the incomplete one dropped" if settings["drop_remainder"] else ""
    text = f"Trained was {features(first)}: {clips} {wording.items(part)} an epoch in batches of"
    text += f" {settings['batch']}{dropped}, {wording.ends(map(updates, records))} updates a run,"
    lines = [f"{text} {len(first['classes'])} classes.", *_cut_short(cells), *spikes.told(cells)]
    return lines + (_as_published(results, part) if as_coded(first) else [])


def _cut_short(cells: dict[str, list[dict]]) -> list[str]:
    """Which cells chose an epoch at the end of what was allowed, in how many runs."""
    chose = {cell: [r for r in found if r.get("selected_epoch")] for cell, found in cells.items()}
    counts = {cell: (sum(map(capped, found)), len(found)) for cell, found in chose.items()}
    share, whose = wording.counted(counts)
    if not whose:
        return []
    text = f"In {share} runs the chosen epoch is the last allowed one or within patience of it"
    return [f"{text}, so that more epochs might have helped: {whose}."]


def _as_published(results: Results, part: pd.DataFrame) -> list[str]:
    """What the published runs trained, and the same heads of ours on other features."""
    name, dataset = part["protocol"].iloc[0], part["dataset"].iloc[0]
    other = [p for p in _protocols(results) if summary.differing(results, name, p) == ["pool"]]
    lines = [_published(row) for row in published(results) if row["protocol"] in (name, *other)]
    cells = summary.cells(results)
    for twin in other:
        mine = cells[(cells["protocol"] == twin) & (cells["dataset"] == dataset) & cells["top1"].notna()]
        mine = mine[mine["architecture"].isin(part["architecture"]) & ~summary.probe(mine)]
        if len(mine):
            kind = "pooled" if summary.protocol(results, twin)["pool"] == "mean" else "flat"
            tops = [f"{row['architecture']} {wording.accuracy(row)}" for _, row in mine.iterrows()]
            trainings = wording.trainings(mine["folds"], mine["seeds"])
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

"""The index of a data set: one row a clip, probed; everything later reads clips from here only."""

import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from vidattn.data import atomic, costs, pictures, probe
from vidattn.data.datasets import Dataset, Item, load, names
from vidattn.data.probe import Probe, probe_all

COLUMNS = (
    *("clip", "label", "group", "path", "frames", "fps", "width", "height"),
    *("digest", "status", "reason"),
)
MISSING = Probe(status="quarantined", reason="the file is missing")
TEXT = ("clip", "label", "group", "path", "digest", "status", "reason")


def build(name: str, store: Path, workers: int | None = None) -> pd.DataFrame:
    """Probes every clip of a data set and writes `store/<name>/index.csv`.

    A run that was interrupted continues: rows of files with the same size and time of change are kept from
    the journal `.probed.jsonl`.

    Args:
        name: Data set.
        store: The store folder.
        workers: Processes; all cores if None.

    Returns:
        The index, sorted by clip, with the columns `COLUMNS`.
    """
    dataset, home = load(name), Path(store) / name
    listed = sorted(dataset.items(home))
    _unique(listed, name)
    if dataset.kind == "image":
        probes = _pictures(listed, home)
    else:
        probes = _probe(listed, home, workers)
    rows = [_row(item, probes[item.path]) for item in listed]
    index = pd.DataFrame(rows, columns=list(COLUMNS))
    atomic.write(home / "index.csv", index.to_csv(index=False, lineterminator="\n"))
    return index


def read(name: str, store: Path) -> pd.DataFrame:
    """Reads the index that `build` wrote."""
    load(name)
    path = Path(store) / name / "index.csv"
    if not path.exists():
        raise FileNotFoundError(f"No index of {name} at {path}. Make it with: vidattn data index {name}")
    again = f"Write it again with: vidattn data index {name}"
    try:
        index = pd.read_csv(path, dtype=dict.fromkeys(TEXT, str), keep_default_na=False)
    except ValueError as error:
        raise ValueError(f"{path} is no readable csv ({str(error).strip()}). {again}") from error
    if tuple(index.columns) != COLUMNS:
        raise ValueError(f"{path} has the columns {list(index.columns)}, expected {list(COLUMNS)}. {again}")
    if not path.read_bytes().endswith(b"\n"):
        raise ValueError(f"{path} ends in the middle of a row. {again}")
    return index


def _unique(listed: list[Item], name: str) -> None:
    """Two files that claim to be the same clip cannot both be right."""
    clips = pd.Series([item.clip for item in listed])
    if clips.duplicated().any():
        twice = clips[clips.duplicated()].iloc[0]
        raise ValueError(f"{name} lists the clip {twice!r} twice; remove one of the two files.")


def _row(item: Item, found: Probe) -> dict:
    """A row of the index; what the lists say against a clip counts even if it decodes."""
    row = {**item._asdict(), **asdict(found)}
    if item.reason:
        row.update(status="quarantined", reason=item.reason)
    return row


def _pictures(listed: list[Item], home: Path) -> dict[str, Probe]:
    """Decodes all pictures; too quick to need a journal."""
    results = pictures.probe_all(home, [(item.path, item.digest) for item in listed])
    bar = tqdm(results, total=len(listed), desc="probe", unit="picture", disable=None)
    return {listed[i].path: found for i, found in bar}


def _probe(listed: list[Item], home: Path, workers: int | None) -> dict[str, Probe]:
    """Probes what the journal does not know; writes the journal as it goes."""
    journal = home / ".probed.jsonl"
    known, done = _journal(journal), {}
    for item in listed:
        if not (home / item.path).is_file():
            done[item.path] = MISSING
            continue
        entry = known.get(item.path)
        if entry and entry["stamp"] == _stamp(home / item.path, item.digest):
            done[item.path] = Probe(**entry["probe"])
    todo = [item for item in listed if item.path not in done]
    if not todo:
        return done
    journal.parent.mkdir(parents=True, exist_ok=True)
    with journal.open("a") as stream:
        results = probe_all([(home / item.path, item.digest) for item in todo], workers)
        for i, found in tqdm(results, total=len(todo), desc="probe", unit="clip", disable=None):
            done[todo[i].path] = found
            stamp = _stamp(home / todo[i].path, todo[i].digest)
            line = {"path": todo[i].path, "stamp": stamp, "probe": asdict(found)}
            stream.write(json.dumps(line) + "\n")
            stream.flush()
    return done


def _stamp(path: Path, expected: str) -> list:
    """What says that a file is still the one that was probed, as it would be probed now."""
    state = path.stat()
    return [state.st_size, state.st_mtime_ns, expected, *([probe.FORMAT] if probe.FORMAT > 1 else [])]


def _journal(path: Path) -> dict[str, dict]:
    """Entries by path; the last line may have been cut by a kill."""
    entries = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        entries[entry["path"]] = entry
    return entries


def status(store: Path) -> pd.DataFrame:
    """What is there of every data set.

    Returns:
        One row a data set: dataset, kind, state ("absent", "not indexed", "incomplete", "complete"), usable,
        quarantined and official (clips), megabytes (all that is kept of it), of these frames_mb, flow_mb and
        features_mb, cpu_seconds (of their extraction), command (what to do next, or "").
    """
    return pd.DataFrame([_status(load(name), Path(store)) for name in names()])


def _status(dataset: Dataset, store: Path) -> dict:
    """One row of `status`."""
    home = store / dataset.name
    row = {"dataset": dataset.name, "kind": dataset.kind, "state": "absent", "usable": 0, "quarantined": 0}
    row.update(official=dataset.official_size, megabytes=costs.megabytes(home))
    row.update({f"{kind}_mb": costs.megabytes(home / kind) for kind in costs.KINDS})
    row.update(cpu_seconds=costs.noted(home), command=dataset.how)
    if (home / "index.csv").exists():
        index = read(dataset.name, store)
        usable = int((index["status"] == "ok").sum())
        official = dataset.official_size or len(index)
        row.update(usable=usable, quarantined=len(index) - usable, official=official)
        row["state"] = "complete" if usable >= official else "incomplete"
        row["command"] = "" if row["state"] == "complete" else dataset.how
    elif any(path.is_file() for path in (home / "raw").rglob("*")):
        row.update(state="not indexed", command=f"vidattn data index {dataset.name}")
    return row

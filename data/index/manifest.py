"""The index of a data set: one row a clip, probed; everything later reads clips from here only."""

import functools
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import pandas as pd
from tqdm import tqdm

from vidattn.data.datasets import Dataset, Item, load, names
from vidattn.data.files import seal
from vidattn.data.media import pictures, probe
from vidattn.data.media.probe import Probe, probe_all
from vidattn.data.shards import costs

COLUMNS = (
    *("clip", "label", "group", "path", "frames", "fps", "width", "height"),
    *("digest", "status", "reason"),
)
MISSING = Probe(status="quarantined", reason="the file is missing")
SHOWN = 10  # changed clips that are named
TEXT = ("clip", "label", "group", "path", "digest", "status", "reason")


def build(name: str | Dataset, store: Path, workers: int | None = None) -> pd.DataFrame:
    """Probes every clip of a data set and writes `store/<name>/index.csv`, or that of its source.

    A run that was interrupted continues: rows of files with the same size and times of change are kept from
    the journal `.probed.jsonl`.

    Args:
        name: Data set, or its name.
        store: The store folder.
        workers: Processes; all cores if None.

    Returns:
        The index, sorted by clip, with the columns `COLUMNS`.
    """
    dataset = load(name)
    if dataset.of:
        return _views(dataset, build(dataset.of, store, workers))
    home = Path(store) / dataset.name
    listed = _placed(_listed(dataset, home), home)
    _unique(listed, dataset.name)
    if dataset.kind == "image":
        probes = _pictures(listed, home)
    else:
        probes = _probe(listed, home, workers)
    rows = [_row(item, probes[item.path]) for item in listed]
    index = pd.DataFrame(rows, columns=list(COLUMNS))
    _tell_changes(home / "index.csv", index)
    seal.write(home / "index.csv", index.to_csv(index=False, lineterminator="\n"))
    return index


def _listed(dataset: Dataset, home: Path) -> list[Item]:
    """The clips that a data set lists; a damaged note of them, as JSON, is an error that names its folder."""
    try:
        return sorted(dataset.items(home))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        notes = ", ".join(path.name for path in sorted(home.glob("*.json")))
        raise ValueError(
            f"What {home} says of its clips ({notes}) is damaged: {error}. Write it again: {dataset.how}"
        ) from error


def _tell_changes(path: Path, index: pd.DataFrame) -> None:
    """Name clips whose bytes are others than when they were indexed before: perhaps nobody meant to."""
    if not path.is_file() or seal.broken(path):
        return
    before = pd.read_csv(path, dtype=dict.fromkeys(TEXT, str), keep_default_na=False)
    known = dict(zip(before["clip"], before["digest"]))
    now = zip(index["clip"], index["digest"])
    changed = [clip for clip, digest in now if digest and known.get(clip, "") not in ("", digest)]
    if changed:
        shown, rest = ", ".join(changed[:SHOWN]), len(changed) - SHOWN
        more = f" and {rest} more" if rest > 0 else ""
        print(
            f"{path}: other bytes than when it was indexed before: {shown}{more}. "
            "What is made from it is made again.",
            file=sys.stderr,
        )


def read(name: str | Dataset, store: Path) -> pd.DataFrame:
    """Reads the index that `build` wrote."""
    dataset = load(name)
    if dataset.of:
        return _views(dataset, read(dataset.of, store))
    name = dataset.name
    path = Path(store) / name / "index.csv"
    if not path.exists():
        raise FileNotFoundError(f"No index of {name} at {path}. Make it with: vidattn data index {name}")
    again = f"Write it again with: vidattn data index {name}"
    if seal.broken(path):
        raise ValueError(f"{path} is damaged: it is not what the index stage wrote. {again}")
    try:
        index = pd.read_csv(path, dtype=dict.fromkeys(TEXT, str), keep_default_na=False)
    except ValueError as error:
        raise ValueError(f"{path} is no readable csv ({str(error).strip()}). {again}") from error
    if tuple(index.columns) != COLUMNS:
        raise ValueError(f"{path} has the columns {list(index.columns)}, expected {list(COLUMNS)}. {again}")
    if not path.read_bytes().endswith(b"\n"):
        raise ValueError(f"{path} ends in the middle of a row. {again}")
    return index


def _views(dataset: Dataset, index: pd.DataFrame) -> pd.DataFrame:
    """The index of a derived data set: every clip once a view, less those of one frame."""
    if (index["group"] == "").any():
        clip = index.loc[index["group"] == "", "clip"].iloc[0]
        raise ValueError(
            f"{dataset.name} needs the groups of its clips, and {dataset.of.name} states none of {clip!r}: "
            "what a fold trains on and what it tests must share none."
        )
    still = (index["status"] == "ok") & (index["frames"] < 2)
    index = index.assign(
        status=index["status"].mask(still, "quarantined"),
        reason=index["reason"].mask(still, "it has one frame, which plays in no direction"),
    )
    shown = [
        index.assign(
            clip=index["clip"] + view.suffix,
            label=[view.label.format(label=label) for label in index["label"]],
        )
        for view in dataset.views
    ]
    return pd.concat(shown).sort_values("clip", kind="stable", ignore_index=True)


def _placed(listed: list[Item], home: Path) -> list[Item]:
    """The clips where they lie: lists and files of one data set spell names in different letters."""

    @functools.cache
    def there(folder: Path) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            names.setdefault(path.name.lower(), []).append(path.name)
        return names

    placed = []
    for item in listed:
        path = home / item.path
        if "#" not in path.name and not path.is_file():  # a # is a picture of a mosaic
            alike = there(path.parent).get(path.name.lower(), [])
            if len(alike) > 1:
                raise ValueError(
                    f"{' and '.join(alike)} in {path.parent} both claim to be {item.clip}; remove one."
                )
            item = item._replace(path=str(PurePosixPath(item.path).with_name(alike[0]))) if alike else item
        placed.append(item)
    return placed


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
            entry = {"path": todo[i].path, "stamp": stamp, "probe": asdict(found)}
            stream.write(json.dumps({**entry, "seal": _seal(entry)}) + "\n")
            stream.flush()
    return done


def _stamp(path: Path, expected: str) -> list:
    """What says that a file is still the one that was probed, as it would be probed now.

    Any write moves the time of the inode's change, even one that sets the other time back.
    """
    state = path.stat()
    return [state.st_size, state.st_mtime_ns, state.st_ctime_ns, expected, probe.FORMAT]


def _journal(path: Path) -> dict[str, dict]:
    """Entries by path; the clip of a line that was cut by a kill, or changed since, is probed again."""
    entries = {}
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            entry = json.loads(line)
            if entry.pop("seal") == _seal(entry):
                entries[entry["path"]] = entry
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return entries


def _seal(entry: dict) -> str:
    return seal.digest(json.dumps(entry, sort_keys=True).encode())


def status(store: Path, variants: Mapping[str, dict] | None = None) -> pd.DataFrame:
    """What is there of every data set.

    Args:
        store: The store folder.
        variants: `datasets` of params.yaml; without it, the data sets that need no arguments.

    Returns:
        One row a data set: dataset, kind, state ("absent", "not indexed", "incomplete", "complete"), usable,
        quarantined and official (clips), megabytes (all that is kept of it), of these frames_mb, flow_mb and
        features_mb, cpu_seconds (of their extraction), command (what to do next, or "").
    """
    return pd.DataFrame([_status(load(name, variants), Path(store)) for name in sorted(variants or names())])


def _status(dataset: Dataset, store: Path) -> dict:
    """One row of `status`."""
    home = store / dataset.stored.name
    row = {"dataset": dataset.name, "kind": dataset.kind, "state": "absent", "usable": 0, "quarantined": 0}
    row.update(official=dataset.official_size, megabytes=costs.megabytes(home))
    row.update({f"{kind}_mb": costs.megabytes(home / kind) for kind in costs.KINDS})
    row.update(cpu_seconds=costs.noted(home), command=dataset.how)
    if (home / "index.csv").exists():
        index = read(dataset, store)
        usable = int((index["status"] == "ok").sum())
        official = dataset.official_size or len(index)
        row.update(usable=usable, quarantined=len(index) - usable, official=official)
        row["state"] = "complete" if usable >= official else "incomplete"
        row["command"] = "" if row["state"] == "complete" else dataset.how
    elif any(path.is_file() for path in (home / "raw").rglob("*")):
        row.update(state="not indexed", command=f"vidattn data index {dataset.name}")
    return row

"""What the protocols are: their settings by the names of params.yaml, as their runs had them.

Where few settings differ from a protocol above, only those are said.
"""

import json
from dataclasses import fields

import pandas as pd

from vidattn.bench.config.schema import Protocol
from vidattn.bench.results.reader import Results, coordinates

KEYS = [field.name for field in fields(Protocol)]
FIRST = ["protocol", "datasets", "runs", "described"]
LEFT_OUT = tuple(KEYS)  # of what is for readers: `described` says it
FEW = 5  # settings that differ from a protocol above and are said alone


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per protocol: `described` in words, and every setting that differs between two rows.

    The same name with other settings has a row of its own. `frames` 0 takes one frame a second and as many a
    clip as clips of the data set have on average. Features of a frozen encoder are stored in 16 bits under
    every protocol; You and Korhonen stored 32.
    """
    found: dict[str, dict] = {}
    for cell in results.ids:
        where = coordinates(cell)
        for record in results.records[cell]:
            settings = record.get("protocol", {})
            key = json.dumps([where["protocol"], settings], sort_keys=True)
            row = found.setdefault(
                key, {"protocol": where["protocol"], "runs": 0, "datasets": {}, "is": settings}
            )
            row["runs"] += 1
            row["datasets"][where["dataset"]] = None
    rows: list[dict] = []
    for row in found.values():
        rows.append({**row, "datasets": ", ".join(row["datasets"]), "described": _described(row, rows)})
    texts = [{**row, **{key: _text(value) for key, value in row["is"].items()}} for row in rows]
    frame = pd.DataFrame(texts, columns=[*FIRST, *KEYS])
    return frame[[*FIRST, *(key for key in KEYS if frame[key].nunique(dropna=False) > 1)]]


def _described(row: dict, above: list[dict]) -> str:
    """All settings, or those that differ from the nearest protocol above."""
    apart = [(sum(_differs(row, other, key) for key in KEYS), i) for i, other in enumerate(above)]
    count, nearest = min(apart, default=(len(KEYS), 0))
    if count > FEW:
        return _words(row, KEYS)
    other = above[nearest]
    changed = [key for key in KEYS if _differs(row, other, key)]
    gone = "".join(f", no {key}" for key in changed if _text(row["is"].get(key)) is None)
    return f"as {other['protocol']}, but: {_words(row, changed)}{gone}".replace(": ,", ":")


def _differs(row: dict, other: dict, key: str) -> bool:
    return row["is"].get(key) != other["is"].get(key)


def _words(row: dict, keys: list[str]) -> str:
    named = {key: _text(row["is"].get(key)) for key in keys}
    return ", ".join(f"{key} {text}" for key, text in named.items() if text is not None)


def _text(value: object) -> object:
    """Text or a number; an empty list or group is none."""
    if isinstance(value, dict):
        inside = [f"{key} {_text(each)}" for key, each in value.items()]
        return f"({', '.join(inside)})" if value else None
    if isinstance(value, list):
        return f"({', '.join(map(str, value))})" if value else None
    return ("yes" if value else "no") if isinstance(value, bool) else value

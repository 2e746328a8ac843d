"""The seal of a run's results: digests in its record of what the record says and of its predictions' bytes.

A bad disk or another hand changes a group, a confidence or a curve that no score contradicts; the seal does.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

KEY = "sealed"
DIGITS = 16  # hexadecimal, as all digests of a record


def sealed(record: dict[str, Any], predictions: bytes) -> dict[str, Any]:
    """The record with its seal; another one that it has is replaced.

    Args:
        record: What a record says, JSON-able.
        predictions: The bytes of its csv.
    """
    content = json.loads(json.dumps(record))  # a tuple is a list from here on, as for who reads the file
    return {**record, KEY: {"predictions": _digits(predictions), "record": _content(content)}}


def broken(record: dict[str, Any], path: Path, predictions: Path) -> str:
    """Which file of a run is not the one that was written, in a few words; "" where both are.

    Args:
        record: What was read; one of before there were seals has none, and passes.
        path: Where it was read.
        predictions: Its csv, which may be missing.
    """
    seal = record.get(KEY)
    if seal is None:
        return ""
    if not isinstance(seal, dict) or seal.get("record") != _content(record):
        return f"{path} has another content than it was written with"
    if predictions.is_file() and _digits(predictions.read_bytes()) != seal.get("predictions"):
        return f"{predictions} has other bytes than it was written with"
    return ""


def _content(record: dict[str, Any]) -> str:
    others = {name: value for name, value in record.items() if name != KEY}
    return _digits(json.dumps(others, sort_keys=True).encode())


def _digits(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]

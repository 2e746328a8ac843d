"""JSON with the same bytes for the same content, and digests."""

import hashlib
import json
from pathlib import Path
from typing import Any

from vidattn.data import atomic


def write_json(path: Path, content: Any) -> None:
    """Sorted, indented JSON with a final newline."""
    atomic.write(path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def digest(content: Any) -> str:
    """Sixteen hex digits that stand for this JSON-able content."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def digest_files(paths: list[Path]) -> str:
    """Sixteen hex digits that stand for these files' names and bytes."""
    return digest([(p.name, hashlib.sha256(p.read_bytes()).hexdigest()) for p in sorted(paths)])

"""Writing results: whole or not at all, and the same bytes for the same content."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def write(path: Path, content: str | bytes) -> None:
    """Write through a temporary file, fsync and rename, so that no half-written file is ever seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Any) -> None:
    """Sorted, indented JSON with a final newline."""
    write(path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def digest(content: Any) -> str:
    """Sixteen hex digits that stand for this JSON-able content."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def digest_files(paths: list[Path]) -> str:
    """Sixteen hex digits that stand for these files' names and bytes."""
    return digest([(p.name, hashlib.sha256(p.read_bytes()).hexdigest()) for p in sorted(paths)])

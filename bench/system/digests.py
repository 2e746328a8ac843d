"""JSON with the same bytes for the same content, and digests."""

import functools
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidattn.data.files import atomic


def write_json(path: Path, content: Any) -> None:
    """Sorted, indented JSON with a final newline."""
    atomic.write(path, json_text(content))


def json_text(content: Any) -> str:
    """The text that `write_json` writes."""
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def digest(content: Any) -> str:
    """Sixteen hex digits that stand for this JSON-able content."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read once for each state (size, times of change, inode) of it in this process."""
    status = path.stat()
    return _read(str(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


@functools.cache
def _read(path: str, *state: int) -> str:
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_files(paths: list[Path], of: Callable[[Path], str] = file_digest) -> str:
    """Sixteen hex digits that stand for these files' names and bytes, or what else `of` tells of a file."""
    return digest([(p.name, of(p)) for p in sorted(paths)])

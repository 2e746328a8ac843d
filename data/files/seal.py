"""A file's digest beside it, in `.<name>.sha256`, so that a change by other hands or a bad disk shows."""

import hashlib
from pathlib import Path

from vidattn.data.files import atomic


def write(path: Path, content: str | bytes) -> None:
    """Writes a file, then its seal; a kill between them is noticed as a damage that writing again mends."""
    atomic.write(path, content)
    atomic.write(beside(path), digest(content.encode() if isinstance(content, str) else content) + "\n")


def broken(path: Path) -> bool:
    """Whether a file differs from its seal; one that came without a seal is taken as it is."""
    seal = beside(path)
    return seal.is_file() and seal.read_bytes().strip() != digest(path.read_bytes()).encode()


def digest(content: bytes) -> str:
    """SHA-256 of bytes, as the seal has it."""
    return hashlib.sha256(content).hexdigest()


def beside(path: Path) -> Path:
    """Where the seal of a file lies."""
    return path.with_name(f".{path.name}.sha256")

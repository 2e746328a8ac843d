"""Whether a folder holds a whole run: its manifest of digests, written last, against its files."""

import json
import shutil
import sys
from pathlib import Path

from vidattn.bench.system import digests

MANIFEST = "manifest.json"
LARGE = ("weights.npz",)  # looked at by size; who reads it asks for its digest


def seal(place: Path) -> None:
    """Write the manifest of all files of a folder."""
    files = {
        path.name: {"bytes": path.stat().st_size, "sha256": digests.file_digest(path)}
        for path in sorted(place.iterdir())
        if path.name != MANIFEST
    }
    digests.write_json(place / MANIFEST, files)


def fault(place: Path, names: tuple[str, ...] = (), *, large: bool = False) -> str:
    """Why a folder is no whole run, or "" where it is one.

    Args:
        place: The folder.
        names: The files that must be there; all of the manifest where none is named.
        large: Whether the digest of a large file is compared too, and not its size alone.
    """
    try:
        files = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        for name in names or files:
            path, stated = place / name, files[name]
            if path.stat().st_size != stated["bytes"]:
                return f"{name} has another size than it was written with"
            if (large or name not in LARGE) and digests.file_digest(path) != stated["sha256"]:
                return f"{name} has other bytes than it was written with"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{error.__class__.__name__}: {error}"
    return ""


def aside(place: Path, why: str) -> None:
    """Move a folder that is damaged out of the way, to `<name>.damaged`, and say so in one line."""
    kept = place.with_name(f"{place.name}.damaged")
    shutil.rmtree(kept, ignore_errors=True)
    place.rename(kept)
    print(f"{place} is damaged ({why}). Moved to {kept.name}; the run is made again.", file=sys.stderr)

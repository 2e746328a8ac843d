"""What extractions cost: CPU seconds and bytes, noted beside the stores, never in them."""

import json
import math
import resource
import time
from collections.abc import Callable
from pathlib import Path

FILE = "costs.jsonl"
KINDS = ("frames", "flow", "features")


def cpu_seconds() -> float:
    """CPU seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def measured(home: Path, work: Callable[[], Path]) -> tuple[Path, str]:
    """Runs an extraction and notes its cost in `home`, unless the store was finished before.

    Args:
        home: The data set's folder in the store.
        work: Makes a store below `home` and returns its folder.

    Returns:
        The folder, and a line about it for the user.
    """
    start, used = time.time(), cpu_seconds()
    path = work()
    seconds = cpu_seconds() - used
    said = f"{path}, {megabytes(path):.1f} MB"
    if (path / "index.json").stat().st_mtime < start - 1:
        return path, said
    note = {"store": f"{path.parent.name}/{path.name}", "cpu_seconds": round(seconds, 1)}
    with (home / FILE).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(note) + "\n")
    return path, f"{said}, {seconds:.1f} CPU s"


def noted(home: Path) -> float:
    """CPU seconds of all extractions whose stores are there, the last call of each; NaN for none."""
    lines = (home / FILE).read_text(encoding="utf-8").splitlines() if (home / FILE).exists() else []
    seconds = {}
    for line in lines:
        try:
            note = json.loads(line)
        except json.JSONDecodeError:  # cut by a kill
            continue
        if (home / note["store"]).is_dir():
            seconds[note["store"]] = note["cpu_seconds"]
    return round(sum(seconds.values()), 1) if seconds else math.nan


def megabytes(folder: Path) -> float:
    """Size of all files below a folder, of linked ones too; 0 where there is none."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1)

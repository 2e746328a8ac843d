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


def measured(home: Path, work: Callable[[], Path | list[Path]]) -> tuple[list[Path], list[str]]:
    """Runs an extraction and notes its cost in `home` for the stores that were not finished before.

    Args:
        home: The data set's folder in the store.
        work: Makes one or more stores below `home` and returns their folders. The cost of a pass that makes
            several is shared out evenly: they sum up to what was used.

    Returns:
        The folders, and a line about each for the user.
    """
    start, used = time.time(), cpu_seconds()
    made = work()
    seconds = cpu_seconds() - used
    paths = made if isinstance(made, list) else [made]
    fresh = [path for path in paths if (path / "index.json").stat().st_mtime >= start - 1]
    each = seconds / max(1, len(fresh))
    for path in fresh:
        note = {"store": f"{path.parent.name}/{path.name}", "cpu_seconds": round(each, 1)}
        with (home / FILE).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(note) + "\n")
    shared = f" of {seconds:.1f} for {len(fresh)} stores in one pass" if len(fresh) > 1 else ""
    cost = f", {each:.1f} CPU s{shared}"
    return paths, [f"{path}, {megabytes(path):.1f} MB{cost if path in fresh else ''}" for path in paths]


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

"""What MLflow still has to be told: suite -> cells, and `tables`, in one file beside the results.

It is noted before it is sent and struck off after it arrived, so that even a killed process loses
nothing.
"""

import json
from pathlib import Path

from vidattn.bench.results import files as reading
from vidattn.data.files import atomic

NAME = "mlflow_pending.json"
TABLES = "tables"  # no cell id: those have hyphens


def pending(root: Path) -> dict[str, list[str]]:
    """Suite -> cells that have not arrived, and `tables` where they have not."""
    path = Path(root) / NAME
    return reading.record(path, (), "Delete it, then: vidattn mlflow log") if path.is_file() else {}


def note(root: Path, suite: str, cells: list[str]) -> None:
    """Note cells that are about to be sent."""
    with atomic.alone(Path(root)):
        entries = pending(root)
        waiting = entries.get(suite, [])
        _save(root, {**entries, suite: waiting + [cell for cell in cells if cell not in waiting]})


def strike(root: Path, suite: str, done: set[str]) -> None:
    """Strike off cells that arrived."""
    with atomic.alone(Path(root)):
        entries = pending(root)
        _save(root, {**entries, suite: [cell for cell in entries.get(suite, []) if cell not in done]})


def _save(root: Path, entries: dict[str, list[str]]) -> None:
    entries = {suite: cells for suite, cells in entries.items() if cells}
    if entries:
        atomic.write(Path(root) / NAME, json.dumps(entries, indent=1, sort_keys=True) + "\n")
    else:
        (Path(root) / NAME).unlink(missing_ok=True)

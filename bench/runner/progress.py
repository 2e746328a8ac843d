"""How far a grid is, noted in the store after each run, so that another terminal can ask."""

import json
import os
import platform
import threading
import time
from pathlib import Path
from typing import Any

from vidattn.bench.runner.time_left import spoken
from vidattn.bench.system import digests

NAME = "grid.json"
PAUSE = 0.5  # seconds between two notes at least: short runs would wait for the disk


class Progress:
    """Notes of one grid: runs that were missing, those that ended, and those of them that failed."""

    def __init__(self, store: Path, missing: int, engine: str):
        """Of so many runs, made by an engine; begins now."""
        self._path, self._began, self._wrote = store / NAME, time.time(), 0.0
        self._lock = threading.Lock()  # runs end in a thread for each worker
        self._notes: dict[str, Any] = {
            "process": os.getpid(),
            "host": platform.node(),
            "engine": engine,
            "missing": missing,
            "ended": 0,
            "failed": [],
        }
        self._write()

    def ended(self, run: str, failed: bool) -> None:
        """A run ended; one that is tried again counts once."""
        with self._lock:
            failures = [name for name in self._notes["failed"] if name != run]
            self._notes["ended"] += len(failures) == len(self._notes["failed"])
            self._notes["failed"] = [*failures, run] if failed else failures
            done = self._notes["ended"] == self._notes["missing"]
            if failed or done or time.time() - self._wrote >= PAUSE:
                self._write()

    def _write(self) -> None:
        self._notes["seconds"] = round(time.time() - self._began, 1)
        self._wrote = time.time()
        self._notes["noted"] = round(self._wrote, 1)
        digests.write_json(self._path, self._notes)


def status_lines(store: Path) -> list[str]:
    """What the grid that was begun last has done, and the time left at its pace, in lines."""
    path = store / NAME
    try:
        notes = json.loads(path.read_text(encoding="utf-8"))
        missing, ended, failed = notes["missing"], notes["ended"], notes["failed"]
        left = notes["seconds"] / ended * (missing - ended) if ended else None
        lines = [f"{ended} of {missing} runs ended, {len(failed)} failed; engine {notes['engine']}."]
        lines += [f"  failed: {run} ({store / 'failed' / run}.json)" for run in failed]
        ago = f"last noted {spoken(time.time() - notes['noted'])} ago"
        if ended == missing:
            return [*lines, f"It is done ({ago})."]
        if _gone(notes["host"], notes["process"]):
            return [*lines, f"It was stopped ({ago}). The same command goes on."]
        return [*lines, f"It is at work ({ago})" + ("." if left is None else f"; about {spoken(left)} left.")]
    except FileNotFoundError:
        return [f"No grid was begun with this store ({store})."]
    except (ValueError, KeyError, TypeError) as error:
        return [f"{path} is damaged ({error}); the next run that ends writes it again."]


def _gone(host: str, process: int) -> bool:
    """Whether a process of this machine is no more; of another machine's nothing is known."""
    return host == platform.node() and not Path(f"/proc/{process}").exists() and Path("/proc/self").exists()

"""One kill: who, when, and whether the same command then ends in what would have been without it."""

import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from kills import project
from kills.engines import Local

VERDICTS = ("late", "survived", "resumed", "lost", "twice", "wrong", "status", "leftovers", "hangs")
BAD = VERDICTS[3:]
HANGS = 400.0  # seconds: a grid takes some, on a machine that does much else a minute or two
STEP = 0.01
SPREAD = 0.3  # seconds that a kill may come after the run that it waited for


@dataclass(frozen=True)
class Kill:
    """Who is killed, after how many runs, how long after, and how often failed runs are tried again."""

    victim: str
    after: int
    seconds: float
    retry: int


def drawn(draw: random.Random, victims: tuple[str, ...], runs: int) -> Kill:
    """A kill at any time of a grid of so many runs."""
    return Kill(draw.choice(victims), draw.randrange(runs), draw.uniform(0, SPREAD), draw.choice((0, 2)))


def inject(home: Path, engine: Local, kill: Kill, draw: random.Random, expected: dict) -> tuple[str, str]:
    """Begin a grid, kill, look; give the same command again, look. Returns the worst verdict, and why.

    Args:
        home: The project, whose runs are removed.
        engine: What it runs on.
        kill: Who and when.
        draw: Picks one of several processes.
        expected: What `project.made` says of the grid undisturbed.
    """
    project.emptied(home)
    engine.whole()
    words = ["grid", "--on", engine.name, "--jobs", "2", "--retry", str(kill.retry)]
    log = home / "grid.log"
    with log.open("wb") as said:
        grid = subprocess.Popen(
            project.command(*words),
            cwd=home,
            env=project.environment(),
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        hit = _strike(home, engine, kill, draw, grid)
        status = _ended(grid)
    text, made = log.read_text(errors="replace"), project.made(home)
    found = [_judged(made, expected)] if status is not None else [("hangs", text)]
    found.append(_status(kill, hit, status, made, expected, text))
    resumed = made.keys() != expected.keys()
    if resumed:
        engine.whole()
        try:
            project.vidattn(home, *words)
        except RuntimeError as error:
            found.append(("lost", str(error)))
        found.append(_judged(project.made(home), expected))
        if project.made(home).keys() != expected.keys():
            found.append(("lost", f"missing: {sorted(expected.keys() - project.made(home).keys())}"))
    if lying := project.left(home):
        found.append(("leftovers", ", ".join(lying)))
    found.append(("resumed" if resumed else "survived" if hit else "late", ""))
    return max(found, key=lambda one: VERDICTS.index(one[0]))


def _strike(home: Path, engine: Local, kill: Kill, draw: random.Random, grid: subprocess.Popen) -> bool:
    """Wait for the moment and the victim, and kill it; False where nothing was killed."""
    deadline = time.monotonic() + HANGS
    moment = None
    while grid.poll() is None and time.monotonic() < deadline:
        if moment is None and project.ended(home) >= kill.after:
            moment = time.monotonic() + kill.seconds
        if moment is not None and time.monotonic() >= moment:
            victim = engine.victim(kill.victim, grid.pid, draw)
            if victim is not None:
                try:
                    return engine.strike(kill.victim, victim)
                except ProcessLookupError:  # it ended by itself just now
                    continue
        time.sleep(STEP)
    return False


def _ended(grid: subprocess.Popen) -> int | None:
    """The status of a grid; None where it has to be ended from here."""
    try:
        return grid.wait(HANGS)
    except subprocess.TimeoutExpired:
        os.killpg(grid.pid, signal.SIGKILL)
        grid.wait()
        return None


def _judged(made: dict, expected: dict) -> tuple[str, str]:
    """Whether what is there is there once, and is what it should be."""
    twice = [name for name, found in made.items() if len(found) > 1]
    if twice:
        return "twice", ", ".join(twice)
    wrong = [name for name, found in made.items() if found != expected.get(name)]
    return ("wrong", ", ".join(wrong)) if wrong else ("late", "")


def _status(kill: Kill, hit: bool, status: int | None, made: dict, expected: dict, text: str):
    """Whether the status is that of what is there, and what is missing is named."""
    missing = sorted(expected.keys() - made.keys())
    killed = hit and kill.victim == "coordinator"
    right = -signal.SIGKILL if killed else 1 if missing else 0
    if status != right:
        return "status", f"{status} and not {right}, {len(missing)} missing: {text[-600:]}"
    unnamed = [name for name in missing if f"{project.CELL}-{name}: " not in text]
    if unnamed and not killed:
        return "status", f"not named: {unnamed} in {text[-600:]}"
    if missing and kill.retry and not killed:
        return "lost", f"{missing} in spite of --retry {kill.retry}: {text[-600:]}"
    return "late", ""

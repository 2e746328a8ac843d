"""A process is killed at an event of its files: before it, after it, or with a file half written."""

import os
import signal
from pathlib import Path

from faults import events, project
from faults.case import Case
from faults.judge import Verdict

SHARE = 9
STAGES = ("raw", "stored", "half")
MOMENTS = ("before", "after", "half")


def inject(case: Case) -> Verdict:
    """Kill; look; give the same commands again."""
    stage, moment = case.random.choice(STAGES), case.random.choice(MOMENTS)
    number = case.random.randrange(case.reference.events(stage))
    case.start(stage)
    verdict, killed = Verdict(), case.fork(lambda: killed_at(case.rest(stage), case.work, number, moment))
    verdict.add("survived" if killed.code == 0 else "healed")
    case.aftermath(verdict, stage)
    return verdict


def killed_at(commands: list[list[str]], folder: Path, number: int, moment: str) -> None:
    """Give commands, and die at an event."""
    left = [number]

    def at(name: str, path: str, after: bool) -> None:
        if after != (moment == "after"):
            return
        if left[0] <= 0 and (moment != "half" or name == "fsync"):
            if moment == "half":
                events.halve(path)
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    events.Events(folder, at)
    project.run(commands)

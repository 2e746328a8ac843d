"""A run is killed after a checkpoint, which is then damaged: the run begins again, or goes on right."""

import os
import signal

from faults import events, project
from faults.case import Case
from faults.judge import Verdict
from faults.kinds.damage import damage

SHARE = 1.5


def inject(case: Case) -> Verdict:
    """Kill after one of three; damage; give the same command again."""
    case.start("stored")
    number = case.random.randrange(3)

    def killed() -> None:
        left = [number]

        def at(name: str, path: str, after: bool) -> None:
            if name == "replace" and after and "checkpoint" in path:
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        events.Events(case.work, at)
        project.run(project.RUNS[:1])

    verdict = Verdict()
    case.fork(killed)
    [path] = case.work.glob("data/store/runs/*/*.partial/checkpoint0.npz")
    damage(path, case.random)
    verdict.add("healed")
    case.aftermath(verdict, "stored")
    return verdict

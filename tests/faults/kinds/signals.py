"""A process gets up to three signals, one after the other, at any time of its work."""

import os
import signal

from faults import project
from faults.case import Case
from faults.judge import Verdict, ended

SHARE = 5
SIGNALS = (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
STAGES = ("raw", "stored", "half")
INTERRUPTED = 130


def inject(case: Case) -> Verdict:
    """Send them; an interruption from the keyboard is told in one line; give the same commands again."""
    stage = case.random.choice(STAGES)
    several = [case.random.choice(SIGNALS) for _ in range(case.random.randint(1, 3))]
    pauses = [case.random.uniform(0.001, case.reference.seconds(stage))]
    pauses += [case.random.uniform(0.0005, 0.02) for _ in several[1:]]
    case.start(stage)
    verdict, process = Verdict(), case.fork(lambda: signalled(case.rest(stage), several, pauses))
    if process.code > 0:
        told(verdict, process.code, process.text)
    if process.hung or process.alive:
        ended(verdict, process)
    verdict.add("survived" if process.code == 0 else "healed")
    case.aftermath(verdict, stage)
    return verdict


def told(verdict: Verdict, code: int, text: str) -> None:
    """Ctrl-C ends in one line of ours and the status that shells give it."""
    if code != INTERRUPTED:
        verdict.add("unclear", f"status {code} after a signal:\n{text}")
    elif "Traceback" in text or "interrupted" not in text:
        verdict.add("unclear", f"no line on the interruption:\n{text}")


def signalled(commands: list[list[str]], several: list[signal.Signals], pauses: list[float]) -> None:
    """Give commands; after each pause, of this process's own time, a signal comes."""
    waiting = list(zip(several, pauses))

    def ring(*_: object) -> None:
        sent, _pause = waiting.pop(0)
        if waiting:
            signal.setitimer(signal.ITIMER_PROF, waiting[0][1])
        os.kill(os.getpid(), sent)

    signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, pauses[0])
    project.run(commands)
    signal.setitimer(signal.ITIMER_PROF, 0)

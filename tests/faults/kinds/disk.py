"""The disk is full, fails, or denies access: at one event, or from it on, or by a real limit on file size."""

import errno
import os
import resource
from pathlib import Path

from faults import events, project
from faults.case import Case
from faults.judge import Verdict, ended

SHARE = 7
STAGES = ("raw", "stored", "half")
CODES = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EACCES, errno.EROFS)
LIMITS = (0, 100, 1000, 5000, 20000)  # bytes of a file


def inject(case: Case) -> Verdict:
    """The error names a path; once the disk is well, the same commands go on."""
    stage = case.random.choice(STAGES)
    code, lasts, reads = case.random.choice(CODES), case.random.random() < 0.5, case.random.random() < 0.3
    number = case.random.randrange(case.reference.events(stage, reads))
    limit = case.random.choice(LIMITS) if case.random.random() < 0.15 else None
    case.start(stage)
    if limit is None:
        process = case.fork(lambda: denied(case.rest(stage), case.work, number, code, lasts, reads))
    else:
        process = case.fork(lambda: limited(case.rest(stage), limit))
    verdict = Verdict()
    ended(verdict, process, ("data/store", "results/", ".yaml"))
    case.aftermath(verdict, stage)
    return verdict


def denied(commands: list[list[str]], folder: Path, number: int, code: int, lasts: bool, reads: bool) -> None:
    """Give commands; one event, or all from it on, ends in an error."""
    left, writing = [number], {errno.ENOSPC, errno.EDQUOT}

    def at(name: str, path: str, after: bool) -> None:
        if after:
            return
        left[0] -= 1
        if (
            left[0] < 0
            and (lasts or left[0] == -1)
            and not (code in writing and name in ("unlink", "remove"))
        ):
            if name == "fsync":
                events.halve(path)
                raise OSError(code, os.strerror(code))
            raise OSError(code, os.strerror(code), path)

    events.Events(folder, at, reads)
    project.run(commands)


def limited(commands: list[list[str]], limit: int) -> None:
    """Give commands; no file may grow beyond the limit."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    project.run(commands)

"""Work in a process of its own, forked from this one, and what is left of it."""

import fcntl
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vidattn.bench.system import peak_memory

HANGS = 180.0  # seconds: the work takes about one, on a machine that does much else perhaps thirty
GRACE = 10.0  # seconds that helpers of a process which was killed have to end by themselves
SAID = 2**20  # bytes of output that wait to be read


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: Exit status; minus the signal that ended it.
        text: What it wrote to stdout and stderr.
        hung: It had to be ended from here.
        alive: Processes that it left behind.
    """

    code: int
    text: str
    hung: bool = False
    alive: int = 0


@dataclass(frozen=True)
class Process:
    """A process that was begun here: its number, and where its output comes out."""

    number: int
    output: int


def fork(work: Callable[[], object], folder: Path) -> Ended:
    """Do some work in `folder` in a process of its own; an exception is its traceback and status 1."""
    return wait(start(work, folder))


def start(work: Callable[[], object], folder: Path) -> Process:
    """Begin work in a process of its own session."""
    sys.stdout.flush()
    sys.stderr.flush()
    output, into = os.pipe()
    fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, SAID)
    os.set_blocking(output, False)
    number = os.fork()
    if not number:
        status = 1
        try:
            status = _inside(work, folder, into)
        finally:  # a signal may come at any time: a child never goes on with its parent's work
            os._exit(status)
    os.close(into)
    return Process(number, output)


def _inside(work: Callable[[], object], folder: Path, into: int) -> int:
    status = 1
    try:
        os.setsid()
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(into, 1)
        os.dup2(into, 2)
        peak_memory.reset()
        work()
        status = 0
    except SystemExit as end:
        status = exit_status(end)
    except BaseException:
        traceback.print_exc()
    signal.setitimer(signal.ITIMER_PROF, 0)
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def exit_status(end: SystemExit) -> int:
    """The exit status of an interpreter that ends by this; a text goes to stderr."""
    if isinstance(end.code, str):
        print(end.code, file=sys.stderr)
        return 1
    return end.code or 0


def wait(process: Process, seconds: float = HANGS) -> Ended:
    """Wait for a process that `start` began, and for what it began."""
    hung, deadline, said = False, time.monotonic() + seconds, []
    while True:
        said.append(_said(process.output))
        done, status = os.waitpid(process.number, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline and not hung:
            hung = True
            os.killpg(process.number, signal.SIGKILL)
        time.sleep(0.002)
    alive = _left(process.number)
    said.append(_said(process.output))
    os.close(process.output)
    text = b"".join(said).decode(errors="replace")
    return Ended(os.waitstatus_to_exitcode(status), text, hung, alive)


def _said(output: int) -> bytes:
    """What came out since it was last looked at."""
    parts = []
    while True:
        try:
            part = os.read(output, SAID)
        except BlockingIOError:
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)


def _left(session: int) -> int:
    """Processes of a session that outlive their first by more than some seconds; ended here."""
    deadline = time.monotonic() + GRACE
    while members := _members(session):
        if time.monotonic() > deadline:
            for member in members:
                os.kill(member, signal.SIGKILL)
            return len(members)
        time.sleep(0.02)
    return 0


def _members(session: int) -> list[int]:
    """Processes of a session that run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[3] == str(session) and fields[0] not in "ZX":
            found.append(int(stat.parent.name))
    return found

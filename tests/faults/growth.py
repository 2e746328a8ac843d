"""How far the memory of a process grew while it worked: peaks are forgotten where it begins."""

from collections.abc import Callable
from pathlib import Path

MOST = 500  # MB
WORD = "grew by MB:"


def watched(work: Callable[[], object]) -> Callable[[], None]:
    """The work, and a last line on the memory that it took, whatever became of it."""

    def wrapper() -> None:
        before = _kilobytes("VmRSS")
        try:
            work()
        finally:
            print(f"\n{WORD} {(_kilobytes('VmHWM') - before) // 1000}", flush=True)

    return wrapper


def excess(text: str) -> str:
    """What is to be said of the memory; "" if it stayed within bounds."""
    lines = [line for line in text.splitlines() if line.startswith(WORD)]
    grown = int(lines[-1].removeprefix(WORD)) if lines else 0
    return f"memory grew by {grown} MB, of {MOST}" if grown > MOST else ""


def _kilobytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))

"""What became of a fault: the undisturbed project says what must be there, and what may be shown."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from faults.process import Ended
from faults.project import snapshot

GOOD = ("survived", "healed", "refused")
BAD = ("lost", "wrong", "unclear", "leftovers", "hangs")
VERDICTS = (*GOOD, *BAD)
ASIDE = ".damaged"  # what was moved out of the way is kept, and said


@dataclass
class Verdict:
    """What became of one fault: the worst that was noticed, and everything that was."""

    outcome: str = "survived"
    notes: list[str] = field(default_factory=list)

    def add(self, outcome: str, *notes: str) -> None:
        """Something that was noticed; the worst counts."""
        self.outcome = max(self.outcome, outcome, key=VERDICTS.index)
        self.notes += [f"{outcome}: {note}" for note in notes]


def ended(verdict: Verdict, process: Ended, names: Iterable[str] = (), *, must: bool = False) -> bool:
    """Judge how a process ended; returns whether it ended well.

    Args:
        verdict: Added to.
        process: The process.
        names: What an error may name, one of them; without any, whatever it names.
        must: It has to end well: an error is a loss.
    """
    if process.hung:
        verdict.add("hangs", "it did not end")
    if process.alive:
        verdict.add("hangs", f"{process.alive} processes outlive it")
    if process.code == 0:
        return True
    if process.code < 0 and not process.hung:
        verdict.add("unclear", f"ended by signal {-process.code}:\n{process.text}")
    elif "Traceback (most recent call last)" in process.text:
        verdict.add("unclear", process.text)
    elif must:
        verdict.add("lost", process.text)
    elif not told(process.text, names):
        verdict.add(
            "unclear", f"status {process.code}, no word of {', '.join(names) or 'it'}:\n{process.text}"
        )
    else:
        verdict.add("refused")
    return False


def told(text: str, names: Iterable[str] = ()) -> bool:
    """Whether some line says something, of one of these names if there are any."""
    names = tuple(names)
    return any(name in text for name in names) if names else bool(text.strip())


def visible(verdict: Verdict, folder: Path, files: dict[str, str]) -> None:
    """Whatever has its final name is whole: that of the reference, or not there."""
    for name, digest in snapshot(folder).items():
        if name in files and files[name] != digest and name.startswith(("results/", "data/store/")):
            verdict.add("wrong", f"{name} is there, and is not what it should be")


def same(verdict: Verdict, folder: Path, files: dict[str, str], allowed: Iterable[str] = ()) -> None:
    """The project is in the end what it would have been; nothing else lies about.

    Args:
        verdict: Added to.
        folder: The project.
        files: Digest by path that must be there.
        allowed: Parts of paths that may differ.
    """
    there, allowed = snapshot(folder), tuple(allowed)
    for name in sorted({*there, *files}):
        if any(part in name for part in allowed):
            continue
        if ASIDE in name:
            verdict.add("healed")
        elif name not in there:
            verdict.add("lost", f"{name} is missing")
        elif name not in files:
            verdict.add("leftovers", name)
        elif there[name] != files[name]:
            verdict.add("wrong", f"{name} differs")

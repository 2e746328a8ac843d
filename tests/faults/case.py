"""One fault: where it happens, what it draws from, and the steps that every kind takes after it."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from faults import judge, process, project
from faults.judge import Verdict
from faults.process import Ended


@dataclass(frozen=True)
class Case:
    """A fault.

    Attributes:
        random: What everything about it is drawn from.
        home: An empty folder of its own.
        reference: The undisturbed project.
    """

    random: random.Random
    home: Path
    reference: project.Reference

    @property
    def work(self) -> Path:
        """Where the project of this fault lies."""
        return self.home / "work"

    def start(self, stage: str) -> None:
        """Begin from the project as it was after a stage."""
        self.reference.copy(stage, self.work)

    def fork(self, work: Callable[[], object]) -> Ended:
        """Do some work in the project, in a process of its own."""
        return process.fork(work, self.work)

    def give(self, commands: Sequence[list[str]]) -> Ended:
        """Give commands one after the other in a process, until one fails."""
        return self.fork(lambda: project.run(commands))

    def rest(self, stage: str) -> list[list[str]]:
        """The steps that follow a stage."""
        return project.STEPS[project.STAGES[stage] :]

    def aftermath(self, verdict: Verdict, stage: str) -> None:
        """After an interruption: what can be seen is right, readers are clear, and the same steps go on."""
        judge.visible(verdict, self.work, self.reference.files["finished"])
        readers = Verdict()
        judge.ended(readers, self.fork(lambda: project.run_all(project.READERS)))
        if readers.outcome != "refused":  # which it may be, of what is not there yet
            verdict.add(readers.outcome, *readers.notes)
        self.goes_on(verdict, stage)

    def goes_on(self, verdict: Verdict, stage: str, allowed: Iterable[str] = ()) -> Ended:
        """The same steps, given again, end in what would have been without the fault."""
        again = self.give(self.rest(stage))
        if judge.ended(verdict, again, must=True):
            judge.same(verdict, self.work, self.reference.files["finished"], allowed)
        return again

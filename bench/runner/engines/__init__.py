"""Engines: where missing runs are made. An engine is one file here, and its name: `vidattn grid --on <name>`.

A file has `Settings`, a dataclass of the keys of its section in cluster.yaml, and `work`, with the arguments
of `Engine.work`. What its machines make with other hands, and send back, it says by `ELSEWHERE = True`.
"""

import importlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeVar

from vidattn.bench.runner.outcome import Outcome

Task = TypeVar("Task")
DEFAULT = "local"


class Work(Protocol):
    """Does tasks that need none of each other; a worker that dies is the failure of its task alone."""

    def __call__(
        self,
        do: Callable[[Task], Outcome],
        tasks: Sequence[Task],
        jobs: int | None,
        done: Callable[[Task, Outcome], bool],
        settings: Any,
        kind: Callable[[Task], Hashable],
    ) -> None:
        """
        Args:
            do: Does one task in a worker. A module's function, or a partial.
            tasks: In the order in which they are begun.
            jobs: Tasks at a time at most; as many as the engine has room for where it is None.
            done: Called after each task, in this process; False ends it after those that were begun.
            settings: Of the engine, an instance of its `Settings`.
            kind: Of a task. Tasks of one kind share what a worker keeps.
        """


@dataclass(frozen=True)
class Engine:
    """An engine with its settings.

    Attributes:
        name: Its file's.
        work: What does tasks with it.
        settings: An instance of its `Settings`.
        elsewhere: Whether runs are made on other machines, and sent back.
        room: GB that a run has with it, and the setting that gives more; None where it cannot tell.
    """

    name: str
    work: Work
    settings: Any
    elsewhere: bool = False
    room: Callable[[Any, int | None, float], tuple[float, str] | None] | None = None


def names() -> list[str]:
    """The engines: the files here."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def module(name: str) -> ModuleType:
    """The file of an engine."""
    return importlib.import_module(f"{__name__}.{name}")


def engine(name: str, settings: Any = None) -> Engine:
    """An engine by name, with its default settings where none are given."""
    file = module(name)
    chosen = file.Settings() if settings is None else settings
    return Engine(name, file.work, chosen, getattr(file, "ELSEWHERE", False), getattr(file, "room", None))

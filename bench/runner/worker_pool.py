"""Tasks side by side, each worker a process that is replaced once it has grown large.

TensorFlow keeps the variables of a model that was trained in a process after the model is gone (its issue
62854), so that the memory of a worker grows with every run; `max_tasks_per_child` of Python 3.11 can hang.
"""

import multiprocessing
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Generic, TypeVar

from vidattn.bench.runner.outcome import Outcome
from vidattn.data.files.workers import end_with_parent

Task = TypeVar("Task")
LARGE_MB = 3000.0
ENDED = "The worker was ended from outside: killed, or out of memory. With fewer --jobs each has more of it."


def work(
    do: Callable[[Task], Outcome],
    tasks: Iterable[Task],
    workers: int,
    done: Callable[[Task, Outcome], bool],
    kind: Callable[[Task], Hashable] = lambda task: None,
    environments: Sequence[Mapping[str, str]] = (),
) -> None:
    """Does the tasks; a worker that dies is the failure of its task alone.

    Args:
        do: Does one task in a worker. A module's function, or a partial.
        tasks: In the order in which they are begun.
        workers: Processes at a time.
        done: Called after each task, in this process; False ends the work after the tasks that were begun.
        kind: Of a task. Tasks of one kind go to one worker where possible, which keeps what they share.
        environments: Of each worker, what its environment has beside this process's.
    """
    waiting = _Waiting(tasks, kind)
    with ThreadPoolExecutor(workers) as threads:
        begin: list[Callable[[], None]] = [partial(_begin, dict(own)) for own in environments]
        begin = begin or [end_with_parent] * workers
        places = [threads.submit(_place, do, waiting, done, first) for first in begin[:workers]]
        try:
            for place in as_completed(places):
                place.result()
        except BaseException:
            waiting.clear()
            raise


class _Waiting(Generic[Task]):
    """Tasks that wait, by kind."""

    def __init__(self, tasks: Iterable[Task], kind: Callable[[Task], Hashable]):
        self._lock = threading.Lock()
        self._tasks: dict[Hashable, deque[Task]] = {}
        self._workers: Counter[Hashable] = Counter()
        for task in tasks:
            self._tasks.setdefault(kind(task), deque()).append(task)

    def take(self, last: Hashable) -> tuple[Hashable, Task] | None:
        """A kind and its next task: of the `last` kind, else of the first that the fewest workers are at."""
        with self._lock:
            self._workers[last] -= 1
            kinds = [kind for kind, tasks in self._tasks.items() if tasks]
            if not kinds:
                return None
            kind = min(kinds, key=lambda kind: (kind != last, self._workers[kind]))
            self._workers[kind] += 1
            return kind, self._tasks[kind].popleft()

    def clear(self) -> None:
        """Leaves nothing to do."""
        with self._lock:
            self._tasks.clear()


NOTHING_YET = object()  # the kind of a worker's task before its first


def _place(
    do: Callable[[Task], Outcome],
    waiting: _Waiting[Task],
    done: Callable[[Task, Outcome], bool],
    begin: Callable[[], None],
) -> None:
    """One worker after the other, while tasks are waiting."""
    context = multiprocessing.get_context("spawn")
    kind: Hashable = NOTHING_YET
    while taken := waiting.take(kind):
        with ProcessPoolExecutor(1, mp_context=context, initializer=begin) as worker:
            while taken:
                kind, task = taken
                outcome = _result(worker.submit(do, task))
                if not done(task, outcome):
                    waiting.clear()
                if outcome.memory_mb >= LARGE_MB:
                    break
                taken = waiting.take(kind)
            else:
                return


def _begin(environment: dict[str, str]) -> None:
    """Initializer of a worker with an environment of its own, before it imports a backend."""
    os.environ.update(environment)
    end_with_parent()


def _result(future: Future) -> Outcome:
    """What a worker answers; one that was ended is replaced, as if it had grown too large."""
    try:
        return future.result()
    except BrokenProcessPool:
        return Outcome(memory_mb=float("inf"), failure=ENDED)

"""Tasks side by side, each worker a process that is replaced once it has grown large.

TensorFlow keeps the variables of a model that was trained in a process after the model is gone (its issue
62854), so that the memory of a worker grows with every run; `max_tasks_per_child` of Python 3.11 can hang.
"""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from vidattn.data.workers import end_with_parent

Task = TypeVar("Task")
LARGE_MB = 3000.0


def work(
    do: Callable[[Task], float], tasks: Iterable[Task], workers: int, done: Callable[[Task], object]
) -> None:
    """Does the tasks; the first error ends it, after the tasks that were begun.

    Args:
        do: Does one task in a worker, returns the worker's memory in MB. A module's function, or a partial.
        tasks: In the order in which they are begun.
        workers: Processes at a time.
        done: Called after each task, in this process.
    """
    waiting = deque(tasks)
    with ThreadPoolExecutor(workers) as threads:
        places = [threads.submit(_place, do, waiting, done) for _ in range(workers)]
        try:
            for place in as_completed(places):
                place.result()
        except BaseException:
            waiting.clear()
            raise


def _place(do: Callable[[Task], float], waiting: deque[Task], done: Callable[[Task], object]) -> None:
    """One worker after the other, while tasks are waiting."""
    context = multiprocessing.get_context("spawn")
    while waiting:
        with ProcessPoolExecutor(1, mp_context=context, initializer=end_with_parent) as worker:
            memory = 0.0
            while memory < LARGE_MB:
                try:
                    task = waiting.popleft()
                except IndexError:  # another place took the last one
                    return
                memory = _result(worker.submit(do, task))
                done(task)


def _result(future: Future) -> float:
    """What a worker answers; an error that says what to do where it was ended from outside."""
    try:
        return future.result()
    except BrokenProcessPool:
        raise RuntimeError(
            "A worker was ended from outside: killed, or out of memory. What was finished is kept; the "
            "same command goes on from there, with fewer --jobs if memory was short."
        ) from None

"""Runs the tasks of an extraction on all cores, each on one thread."""

import contextlib
import multiprocessing as mp
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

import cv2
from tqdm import tqdm

from vidattn.data.files.workers import end_with_parent


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(work: Callable[[tuple], int], tasks: Sequence[tuple], workers: int, bar: tqdm) -> None:
    """Does the tasks, here or in spawned processes (fork is not safe once TensorFlow runs threads).

    Args:
        work: Does one task, counts its clips. Sent to the workers: a module's function, or a partial of one.
        tasks: Its arguments.
        workers: Processes; 1 stays in this one.
        bar: Moves on by what `work` counts.
    """
    workers = min(workers, len(tasks))
    if workers <= 1:
        with _one_thread():
            for task in tasks:
                bar.update(work(task))
        return
    others = set(mp.active_children())
    with ProcessPoolExecutor(workers, mp.get_context("spawn"), initializer=start, initargs=(work,)) as pool:
        jobs = [pool.submit(_do, task) for task in tasks]
        try:
            for job in as_completed(jobs):
                bar.update(job.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(mp.active_children()) - others:
                child.terminate()
            raise


_WORK: list[Callable] = []  # of a worker process, sent once and not with every task


def _do(task: tuple) -> int:
    return _WORK[0](task)


def start(work: Callable) -> None:
    """Initializer of a worker: it keeps to one thread, and does not outlive a parent that was killed."""
    cv2.setNumThreads(1)
    _WORK[:] = [work]
    end_with_parent()


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)

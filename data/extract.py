"""Fills a store on all cores: resumable, and with the same bytes whatever the number of workers.

A shard of a fixed list of clips is the unit of work. A worker makes it alone and writes it in one stroke,
so it does not matter who makes which, nor when the run was cut: complete shards are kept, others made again.
"""

import contextlib
import fcntl
import json
import multiprocessing as mp
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from vidattn.data import pack, shards
from vidattn.data.decode import DecodeError

SHARD = 8  # clips in a file: small enough to lose little when killed, and to share work evenly


@dataclass(frozen=True)
class Plan:
    """What a store shall hold.

    Args:
        folder: The store.
        ids: Clips, in order.
        marks: One string per clip that changes when the clip does (its digest).
        work: Makes one clip, `id -> (T, ...)`. Sent to the workers: a module's function, or a partial of one.
        settings, versions: Whatever determines the bytes; both are part of the store's name and digest.
        ragged: Whether the clips differ in length.
        container: "npy", plain arrays, memory-mapped; or "webp", packed without loss (8 bits only).
        together: Whether `work` makes the clips of a shard in one go: it takes ids and returns a list.
    """

    folder: Path
    ids: tuple[str, ...]
    marks: tuple[str, ...]
    work: Callable
    settings: dict
    versions: dict
    ragged: bool = False
    together: bool = False
    container: str = "npy"
    shard: int = SHARD

    def about(self, clips: slice | None = None) -> dict:
        """Settings, versions and a digest of them with the clips: equal for equal content."""
        clips = clips or slice(None)
        made_of = [
            self.settings,
            self.versions,
            self.ids[clips],
            self.marks[clips],
            self.shard,
            self.container,
        ]
        about = {"settings": self.settings, "versions": self.versions, "plan": shards.digest(made_of)}
        return json.loads(json.dumps(about))  # as it is read back: tuples are lists

    def slices(self) -> list[slice]:
        """The clips of each shard."""
        return [slice(first, first + self.shard) for first in range(0, len(self.ids), self.shard)]


def key(readable: str, settings: dict, versions: dict) -> str:
    """Name of a store: readable, and different for different settings or extractor versions."""
    return f"{readable}-{shards.digest([settings, versions])[:10]}"


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def build(plan: Plan, workers: int | None = None, progress: str = "clips") -> Path:
    """Makes what is missing of a store and returns its folder; a finished store is returned at once."""
    if not plan.ids:
        raise ValueError(f"No usable clip for {plan.folder}: the index has none with status 'ok'.")
    if plan.container not in pack.CONTAINERS:
        raise ValueError(f"Unknown container {plan.container!r}. Expected one of: npy, webp.")
    plan.folder.mkdir(parents=True, exist_ok=True)
    with _alone(plan.folder):
        if _finished(plan):
            return plan.folder
        _clear(plan.folder, len(plan.slices()))
        todo = [
            number
            for number, part in enumerate(plan.slices())
            if shards.complete(plan.folder, number, plan.about(part)) is None
        ]
        bar = tqdm(total=len(plan.ids), desc=progress, unit="clip", disable=None)
        with bar:
            bar.update(len(plan.ids) - sum(len(plan.ids[plan.slices()[number]]) for number in todo))
            _run(plan, todo, min(workers or cores(), len(todo)), bar)
        entries = [shards.read_json(plan.folder / f"{n:05d}.json") for n in range(len(plan.slices()))]
        shards.finish(plan.folder, entries, plan.ragged, plan.container, plan.about())
    return plan.folder


def _finished(plan: Plan) -> bool:
    index = shards.read_json(plan.folder / shards.INDEX)
    if index is None or index["plan"] != plan.about()["plan"]:
        return False
    return all((plan.folder / shard["file"]).is_file() for shard in index["shards"])


def make(plan: Plan, number: int) -> int:
    """Makes one shard and counts its clips; one that fails is left out, and listed with the reason."""
    part = plan.slices()[number]
    ids = plan.ids[part]
    failed: dict[str, str] = {}
    clips = dict(zip(ids, plan.work(ids))) if plan.together else dict(_each(plan.work, ids, failed))
    shards.write(
        plan.folder, number, clips, plan.ragged, plan.container, {**plan.about(part), "failed": failed}
    )
    return len(ids)


def _each(work: Callable, ids: Sequence[str], failed: dict[str, str]) -> Iterator[tuple[str, np.ndarray]]:
    for clip in ids:
        try:
            yield clip, work(clip)
        except DecodeError as error:
            failed[clip] = str(error)


def _run(plan: Plan, todo: Sequence[int], workers: int, bar: tqdm) -> None:
    """Makes the shards, here or in spawned processes (fork is not safe once TensorFlow runs threads)."""
    if workers <= 1:
        with _one_thread():
            for number in todo:
                bar.update(make(plan, number))
        return
    others = set(mp.active_children())
    with ProcessPoolExecutor(workers, mp.get_context("spawn"), initializer=_start, initargs=(plan,)) as pool:
        jobs = [pool.submit(_make, number) for number in todo]
        try:
            for job in as_completed(jobs):
                bar.update(job.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(mp.active_children()) - others:
                child.terminate()
            raise


_PLAN: list[Plan] = []  # of a worker process, sent once and not with every shard


def _make(number: int) -> int:
    return make(_PLAN[0], number)


def _start(plan: Plan) -> None:
    """A worker keeps to one thread, and does not outlive a parent that was killed."""
    cv2.setNumThreads(1)
    _PLAN[:] = [plan]
    parent = mp.parent_process()
    assert parent is not None  # a worker has one

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time fills a folder; the lock dies with its holder and leaves no file behind."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _clear(folder: Path, count: int) -> None:
    """Removes what a killed run, or an older and longer list of clips, left behind."""
    (folder / shards.INDEX).unlink(missing_ok=True)
    for path in [*folder.glob("*.tmp"), *folder.glob("[0-9]*.*")]:
        if path.suffix == ".tmp" or int(path.stem) >= count:
            path.unlink(missing_ok=True)

"""Fills a store on all cores: resumable, and with the same bytes whatever the number of workers.

A shard of a fixed list of clips is the unit of work. A worker makes it alone and writes it in one stroke,
so it does not matter who makes which, nor when the run was cut: complete shards are kept, others made again.
"""

import contextlib
import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from vidattn.data.files import atomic, pool
from vidattn.data.media.decode import DecodeError
from vidattn.data.shards import format as shards
from vidattn.data.shards import packing
from vidattn.data.shards.verify import Damaged, aside

Several = Callable[[str, tuple[int, ...]], list]
Task = tuple[int, tuple[int, ...]]  # number of a shard, positions of the stores that lack it
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


def formatted(versions: dict, kind: str, number: int) -> dict:
    """Versions with that of an extractor's own code, from the second on: the first has none in its key."""
    return versions | ({f"{kind}_format": number} if number > 1 else {})


def build(plan: Plan, workers: int | None = None, progress: str = "clips") -> Path:
    """Makes what is missing of a store and returns its folder; a finished store is returned at once."""
    return build_all([plan], None, workers, progress)[0]


def build_all(
    plans: Sequence[Plan], several: Several | None, workers: int | None = None, progress: str = "clips"
) -> list[Path]:
    """Makes what is missing of several stores of the same clips, each clip in one go for all that lack it.

    The bytes are those of each store made alone. Its own `work` serves where no second store lacks a shard.

    Args:
        plans: The stores; with the same ids and clips in a file.
        several: `(id, positions of plans) -> one array, or DecodeError, for each position`.
        workers: Processes, by default one a core. Does not change the bytes.
        progress: Label of the progress bar.

    Returns:
        The folders of the stores, in order.
    """
    for plan in plans:
        _check(plan, plans[0])
    with contextlib.ExitStack() as stack:
        stack.enter_context(atomic.explained(plans[0].folder.parent))
        for folder in sorted({plan.folder for plan in plans}):  # in one order: no two wait for each other
            stack.enter_context(atomic.alone(folder))
        _fill(plans, several, workers or pool.cores(), progress)
    return [plan.folder for plan in plans]


def _fill(plans: Sequence[Plan], several: Several | None, workers: int, progress: str) -> None:
    unfinished = [position for position, plan in enumerate(plans) if not _finished(plan)]
    if not unfinished:
        return
    todo = _missing(plans, unfinished)
    ids, parts = plans[0].ids, plans[0].slices()
    with tqdm(total=len(ids), desc=progress, unit="clip", disable=None) as bar:
        bar.update(len(ids) - sum(len(ids[parts[number]]) for number, _ in todo))
        pool.run(functools.partial(make, plans, several), todo, workers, bar)
    problems = [problem for position in unfinished if (problem := _finish(plans[position]))]
    if problems:
        raise problems[0]


def _check(plan: Plan, first: Plan) -> None:
    if not plan.ids:
        raise ValueError(
            f"No usable clip for {plan.folder}: the index has none with status 'ok', and says why. "
            "Fetch or import the data set, then index it again."
        )
    if plan.container not in packing.CONTAINERS:
        raise ValueError(f"Unknown container {plan.container!r}. Expected one of: npy, webp.")
    if (plan.ids, plan.shard) != (first.ids, first.shard):
        raise ValueError(f"{plan.folder} and {first.folder} cannot be made together: their clips differ.")


def _missing(plans: Sequence[Plan], unfinished: Sequence[int]) -> list[Task]:
    """Shards to make, each with the positions of the stores that lack it; leftovers are cleared away."""
    lacking: dict[int, list[int]] = {}
    for position in unfinished:
        plan = plans[position]
        _clear(plan.folder, len(plan.slices()))
        for number, part in enumerate(plan.slices()):
            if shards.complete(plan.folder, number, plan.about(part)) is None:
                lacking.setdefault(number, []).append(position)
    return [(number, tuple(lacking[number])) for number in sorted(lacking)]


def _finished(plan: Plan) -> bool:
    """Whether a store is complete, down to its bytes; a damaged file is moved aside, to be made again."""
    try:
        store = shards.open(plan.folder)
    except FileNotFoundError:
        return False
    except Damaged as error:
        aside(error, plan.folder / shards.INDEX)
        return False
    if store.plan != plan.about()["plan"]:
        return False
    damaged = store.verify()
    for path, error in damaged:
        aside(error, path)
    return not damaged


def _finish(plan: Plan) -> ValueError | None:
    """Writes the index; a store without any clip is returned as an error, as others may be good."""
    entries = [shards.sealed(plan.folder / f"{n:05d}.json") for n in range(len(plan.slices()))]
    try:
        shards.finish(plan.folder, entries, plan.ragged, plan.container, plan.about())
    except ValueError as error:
        return error
    return None


def make(plans: Sequence[Plan], several: Several | None, task: Task) -> int:
    """Makes a shard for the stores that lack it, counts its clips; those that fail are listed with why."""
    number, positions = task
    first = plans[positions[0]]
    ids = first.ids[first.slices()[number]]
    if first.together:
        made: list[dict] = [dict(zip(ids, first.work(ids)))]
    elif several is None or len(positions) == 1:
        made = [{clip: _attempt(first.work, clip) for clip in ids}]
    else:
        rows = [several(clip, positions) for clip in ids]
        made = [dict(zip(ids, column)) for column in zip(*rows)]
    for position, clips in zip(positions, made):
        _write(plans[position], number, clips)
    return len(ids)


def _attempt(work: Callable, clip: str) -> np.ndarray | DecodeError:
    try:
        return work(clip)
    except DecodeError as error:
        return error


def _write(plan: Plan, number: int, clips: dict[str, np.ndarray | DecodeError]) -> None:
    failed = {clip: str(made) for clip, made in clips.items() if isinstance(made, DecodeError)}
    good = {clip: made for clip, made in clips.items() if clip not in failed}
    about = {**plan.about(plan.slices()[number]), "failed": failed}
    shards.write(plan.folder, number, good, plan.ragged, plan.container, about)


def _clear(folder: Path, count: int) -> None:
    """Removes what a killed run, or an older and longer list of clips, left behind."""
    (folder / shards.INDEX).unlink(missing_ok=True)
    for path in [*folder.glob(".*.part*"), *folder.glob("[0-9]*.npy"), *folder.glob("[0-9]*.json")]:
        if not path.stem.isdecimal() or int(path.stem) >= count:
            path.unlink(missing_ok=True)

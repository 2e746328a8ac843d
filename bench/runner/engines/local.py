"""This machine: one process per run, as many at a time as asked for or as there are cores."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from vidattn.bench.runner import memory, worker_pool
from vidattn.bench.runner.engines import Task
from vidattn.bench.runner.outcome import Outcome
from vidattn.bench.system import gpu
from vidattn.data.files import pool


@dataclass(frozen=True)
class Settings:
    """The section `local` of cluster.yaml.

    Attributes:
        gpus_per_run: Share of a GPU that a run takes up: 1 is one run per GPU, 0.25 packs four on each, and 0
            leaves it to the backend, for which every run takes the first.
    """

    gpus_per_run: Annotated[float, Field(ge=0, le=1)] = 0


def work(
    do: Callable[[Task], Outcome],
    tasks: Sequence[Task],
    jobs: int | None,
    done: Callable[[Task, Outcome], bool],
    settings: Settings,
    kind: Callable[[Task], Hashable],
) -> None:
    """Does the tasks in processes of this machine, see `Work`."""
    if not settings.gpus_per_run:
        worker_pool.work(do, tasks, jobs or pool.cores(), done, kind=kind)
        return
    environments = slots(gpu.here(), settings.gpus_per_run)
    workers = min(jobs or len(environments), len(environments))
    worker_pool.work(do, tasks, workers, done, kind=kind, environments=environments)


def room(settings: Settings, jobs: int | None, wanted_gb: float) -> tuple[float, str] | None:
    """GB that a run has, and the setting that makes room for one that wants more; None on a GPU."""
    if settings.gpus_per_run:
        return None
    return memory.side_by_side(memory.available_gb(), jobs or pool.cores(), wanted_gb)


def slots(gpus: Sequence[tuple[str, str]], share: float) -> list[dict[str, str]]:
    """The environment of each run that there is room for; the first go to a GPU each.

    Args:
        gpus: UUID and name of each.
        share: Of a GPU, that a run takes up.

    Raises:
        RuntimeError: There is no GPU, or they are of several kinds, whose numbers differ.
    """
    if not gpus:
        raise RuntimeError(
            "local.gpus_per_run in cluster.yaml asks for GPUs, and nvidia-smi lists none here."
        )
    kinds = sorted({name for _, name in gpus})
    if len(kinds) > 1:
        raise RuntimeError(
            f"The GPUs here are of several kinds ({', '.join(kinds)}), whose numbers differ. "
            "Name those of one kind in CUDA_VISIBLE_DEVICES."
        )
    packed = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"} if share < 1 else {}  # else the first takes all memory
    rounds = int(1 / share + 1e-9)
    return [{"CUDA_VISIBLE_DEVICES": uuid, **packed} for _ in range(rounds) for uuid, _ in gpus]

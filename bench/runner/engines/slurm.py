"""A Slurm cluster, by submitit: job arrays, of one run or more per job."""

import math
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vidattn.bench.runner.engines import Task
from vidattn.bench.runner.outcome import Outcome
from vidattn.bench.runner.remote import Place

ELSEWHERE = True
ARRAY = 1000  # jobs in an array: Slurm's own default allows one more
LINES = 20  # of a job's error log that are kept


@dataclass(frozen=True)
class Settings(Place):
    """The section `slurm` of cluster.yaml.

    Attributes:
        partition, account, qos, constraint: As `sbatch` takes them; "" leaves one out.
        minutes: A job may take.
        memory_gb: Of a job.
        cpus: Of a job; a run trains on one thread, the others read ahead.
        gpus: Of a job, 0 or 1.
        runs_per_job: Runs that a job makes one after the other.
        folder: Where jobs are described and logged, on a disk that all nodes see.
        executor: `slurm`, or `local`: the same jobs as processes of this machine, to rehearse.
        poll_seconds: Between two looks at the jobs.
    """

    shared_store: bool = True
    partition: str = ""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    minutes: int = 240
    memory_gb: float = 8
    cpus: int = 2
    gpus: int = 0
    runs_per_job: int = 1
    folder: str = "data/store/slurm"
    executor: Literal["slurm", "local"] = "slurm"
    poll_seconds: float = 5


def work(
    do: Callable[[Task], Outcome],
    tasks: Sequence[Task],
    jobs: int | None,
    done: Callable[[Task, Outcome], bool],
    settings: Settings,
    kind: Callable[[Task], Hashable],
) -> None:
    """Does the tasks in jobs of a cluster, see `Work`; jobs are cancelled where this process is stopped."""
    executor = _executor(settings, jobs)
    # a rehearsal starts all processes of an array at once, so that arrays are as small as is asked for
    width = (jobs or 1) if settings.executor == "local" else ARRAY
    waiting, going = _batches(tasks, settings.runs_per_job, kind), True
    running: dict[Any, list[Task]] = {}
    try:
        while True:
            if going and (new := [batch for _, batch in zip(range(width - len(running)), waiting)]):
                running |= dict(zip(executor.map_array(_Several(do), new), new))
            if not running:
                return
            ended = [job for job in running if job.done()]
            for job in ended:
                batch = running.pop(job)
                for task, outcome in zip(batch, _outcomes(job, len(batch))):
                    going = done(task, outcome) and going
            if not going:
                running = {job: batch for job, batch in running.items() if not _cancelled(job)}
            if not ended:
                time.sleep(settings.poll_seconds)
    finally:
        for job in running:
            job.cancel()


def room(settings: Settings, jobs: int | None, wanted_gb: float) -> tuple[float, str] | None:
    """GB that a run has, and the setting that makes room for one that wants more; None on a GPU."""
    if settings.gpus:
        return None
    return settings.memory_gb, f"slurm.memory_gb: {math.ceil(wanted_gb)} in cluster.yaml fits."


def _batches(tasks: Sequence[Task], size: int, kind: Callable[[Task], Hashable]) -> Iterator[list[Task]]:
    """Tasks of a job each; those of one kind beside each other."""
    kinds: dict[Hashable, list[Task]] = {}
    for task in tasks:
        kinds.setdefault(kind(task), []).append(task)
    ordered = [task for same in kinds.values() for task in same]
    return (ordered[first : first + size] for first in range(0, len(ordered), size))


@dataclass(frozen=True)
class _Several:
    """What a job does: its tasks, one after the other."""

    do: Callable[[Any], Outcome]

    def __call__(self, tasks: list) -> list[Outcome]:
        return [self.do(task) for task in tasks]


def _executor(settings: Settings, jobs: int | None) -> Any:
    import submitit

    folder = Path(settings.folder).absolute()
    try:
        executor = submitit.AutoExecutor(folder=folder, cluster=settings.executor)
    except RuntimeError as error:
        raise RuntimeError(
            f"No Slurm on this machine ({error}). Run the command on a login node of the cluster; "
            "slurm.executor: local in cluster.yaml rehearses it here."
        ) from error
    named = {name: getattr(settings, name) for name in ("partition", "account", "qos", "constraint")}
    slurm = {f"slurm_{name}": value for name, value in named.items() if value}
    if settings.executor == "slurm" and jobs:
        slurm["slurm_array_parallelism"] = jobs
    executor.update_parameters(
        name="vidattn",
        timeout_min=settings.minutes,
        mem_gb=settings.memory_gb,
        cpus_per_task=settings.cpus,
        gpus_per_node=settings.gpus,
        **slurm,
    )
    return executor


def _outcomes(job: Any, count: int) -> list[Outcome]:
    """What a job answered; its own failure is that of all its tasks."""
    import submitit

    try:
        outcomes = job.result()
    except submitit.core.utils.UncompletedJobError:  # killed, out of time or of memory
        log = (job.stderr() or "").strip().splitlines()[-LINES:]
        state = f"job {job.job_id} ended without an answer ({job.state})."
        return [Outcome(0.0, "\n".join([*log, state]))] * count
    except submitit.core.utils.FailedJobError as error:
        return [Outcome(0.0, str(error))] * count
    job.paths.result_pickle.unlink(missing_ok=True)  # it may hold weights, which are in the store by now
    return outcomes


def _cancelled(job: Any) -> bool:
    """Cancels a job that has not begun; whether it did."""
    if job.state != "PENDING":
        return False
    job.cancel()
    return True

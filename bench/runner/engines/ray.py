"""A Ray cluster: one task of Ray Core per run."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vidattn.bench.runner.engines import Task
from vidattn.bench.runner.outcome import Outcome
from vidattn.bench.runner.remote import Place, Unfit

ELSEWHERE = True
AHEAD = 2  # tasks that are handed over, for each that the cluster has room for
GB = 1024**3
UNASKED_GB = 4  # that a run is taken to have had which ran out of memory and had asked for none


@dataclass(frozen=True)
class Settings(Place):
    """The section `ray` of cluster.yaml.

    Attributes:
        address: Of the cluster: `auto` is the one that this machine belongs to, `ray://<host>:10001` one
            elsewhere; `local` begins one on this machine.
        cpus_per_run: Cores that a run takes up; it trains on one thread, the others read ahead.
        gpus_per_run: GPUs that a run takes up; 0.25 packs four.
        memory_gb_per_run: That a run takes up; 0 leaves it to Ray.
        runs_per_worker: Runs that one process makes, whose memory grows with each, before another takes over.
        nodes_may_come: Whether nodes are begun on demand: a request that none of today's can meet waits.
    """

    address: str = "auto"
    cpus_per_run: float = 1
    gpus_per_run: float = 0
    memory_gb_per_run: float = 0
    runs_per_worker: int = 8
    nodes_may_come: bool = False


def work(
    do: Callable[[Task], Outcome],
    tasks: Sequence[Task],
    jobs: int | None,
    done: Callable[[Task, Outcome], bool],
    settings: Settings,
    kind: Callable[[Task], Hashable],
) -> None:
    """Does the tasks on a cluster, see `Work`; those that run are cancelled where this process is stopped."""
    import ray

    begun = not ray.is_initialized()
    if begun:
        _connect(ray, settings)
    try:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        places = check(nodes, settings)
        remote = ray.remote(
            num_cpus=settings.cpus_per_run,
            num_gpus=settings.gpus_per_run,
            memory=int(settings.memory_gb_per_run * GB) or None,
            max_retries=0,
            max_calls=settings.runs_per_worker,
        )(lambda task: do(task))

        def larger(gb: float) -> float:
            more = 2 * (gb or UNASKED_GB)
            asked = replace(settings, memory_gb_per_run=more, nodes_may_come=True)
            return more if check(nodes, asked) or settings.nodes_may_come else 0

        first = settings.memory_gb_per_run
        _all(ray, remote, tasks, jobs or AHEAD * max(places, 1), done, first, larger)
    finally:
        if begun:
            ray.shutdown()


def _all(
    ray: Any,
    remote: Any,
    tasks: Sequence[Task],
    most: int,
    done: Callable[[Task, Outcome], bool],
    gb: float,
    larger: Callable[[float], float],
) -> None:
    """Hands tasks over, so many at a time, and takes their answers as they come.

    One that ran out of memory is handed over again with what `larger` makes of its GB, while that is not 0.
    """
    waiting, going = iter(tasks), True
    running: dict[Any, tuple[Task, float]] = {}
    try:
        while True:
            if going:
                new = [task for _, task in zip(range(most - len(running)), waiting)]
                running |= {remote.remote(task): (task, gb) for task in new}
            if not running:
                return
            for reference in ray.wait(list(running), num_returns=1, timeout=1)[0]:
                task, had = running.pop(reference)
                outcome, short = _outcome(ray, reference)
                if short and (more := larger(had)):
                    running[remote.options(memory=int(more * GB)).remote(task)] = task, more
                else:
                    going = done(task, outcome) and going
    finally:
        for reference in running:
            ray.cancel(reference, force=True)


def _outcome(ray: Any, reference: Any) -> tuple[Outcome, bool]:
    """What a task answered, and whether memory was short; a worker or node that is gone is its failure."""
    try:
        return ray.get(reference), False
    except ray.exceptions.RayTaskError as error:
        return Outcome(0.0, str(error)), False
    except ray.exceptions.RayError as error:
        told = " ".join(str(error).split("\n\n")[0].split())
        failed = Outcome(0.0, f"{type(error).__name__}: {told}")
        return failed, isinstance(error, ray.exceptions.OutOfMemoryError)


def _connect(ray: Any, settings: Settings) -> None:
    """Joins the cluster; raises `Unfit` with what is wrong, in one line."""
    local = settings.address == "local"
    try:
        ray.init(
            address="local" if local else settings.address,
            log_to_driver=False,
            logging_level="ERROR",
            runtime_env={"env_vars": {"TF_CPP_MIN_LOG_LEVEL": "3"}},
            **({"include_dashboard": False} if local else {}),
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        told = " ".join(str(error).split())
        raise Unfit(f"No Ray cluster at {settings.address} (ray.address in cluster.yaml): {told}") from error


def room(settings: Settings, jobs: int | None, wanted_gb: float) -> tuple[float, str] | None:
    """GB that a run has, and the setting that makes room for one that wants more; None where Ray decides."""
    if settings.gpus_per_run or not settings.memory_gb_per_run:
        return None
    return settings.memory_gb_per_run, f"ray.memory_gb_per_run: {math.ceil(wanted_gb)} in cluster.yaml fits."


def check(nodes: Sequence[Mapping[str, float]], settings: Settings) -> int:
    """Runs that the nodes have room for at a time; raises `Unfit` where none can ever begin.

    Args:
        nodes: What each has, by Ray's names: CPU and GPU (number), memory (bytes).
        settings: What a run takes up.
    """
    wanted = {
        "CPU": settings.cpus_per_run,
        "GPU": settings.gpus_per_run,
        "memory": settings.memory_gb_per_run * GB,
    }
    wanted = {name: amount for name, amount in wanted.items() if amount}
    room = sum(min(int(node.get(name, 0) // amount) for name, amount in wanted.items()) for node in nodes)
    if not room and not settings.nodes_may_come:
        asked = " and ".join(
            f"{amount / GB:g} GB" if name == "memory" else f"{amount:g} {name}"
            for name, amount in wanted.items()
        )
        raise Unfit(
            f"No node of the {len(nodes)} of the Ray cluster has {asked} for a run. Ask for less (ray in "
            "cluster.yaml), or set ray.nodes_may_come: true where nodes are begun on demand."
        )
    return room

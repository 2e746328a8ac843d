"""What an engine costs beside the runs: runs whose training is left out, through the code of `grid`.

Each engine is measured by a process of its own, once with few runs and once with many: the difference is that
of the runs, without the start of coordinator and workers.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from vidattn.bench.config.cell import Run
from vidattn.bench.config.schema import Params
from vidattn.bench.plan.run_plan import RunPlan, resolve
from vidattn.bench.plan.suites import runs as planned
from vidattn.bench.results import study_code
from vidattn.bench.runner import cluster, execute, fill, remote
from vidattn.bench.runner.outcome import Outcome
from vidattn.bench.system import peak_memory
from vidattn.data.files import atomic, pool

FILES = {"run.json": b"{}", "scores.npz": b"scores", "timing.json": b"{}"}  # what stands in for a run's
TRAINED = fill._attempt, remote.attempt


def without_training(plan: RunPlan, **how: Any) -> Outcome:
    """In a worker of this machine: a run with all that comes before and after its training."""
    return _left_out(TRAINED[0], plan, **how)


def without_training_elsewhere(plan: RunPlan, **how: Any) -> Outcome:
    """In a worker elsewhere: the same, and its files come back."""
    return _left_out(TRAINED[1], plan, **how)


def _left_out(attempt: Callable[..., Outcome], plan: RunPlan, **how: Any) -> Outcome:
    def files(plan: RunPlan, *_: Any) -> dict[str, bytes]:
        execute.check_code(plan)
        return FILES

    setattr(execute, "_files", files)  # noqa: B010 - a stand-in, of another type
    return attempt(plan, **how)


def write(params: Params, engine: str, count: int, path: Path, tell: Callable[[str], None]) -> pd.DataFrame:
    """Measures an engine and replaces its row of the table.

    Args:
        params: The settings; a run of the active suite whose data is there stands for all.
        engine: Its name; cluster.yaml has its settings.
        count: Runs.
        path: The csv to write.
        tell: Told what is measured.
    """
    workers = pool.cores()
    few, many = (_measured(engine, runs, workers, tell) for runs in (workers, count))
    more = count - workers
    row = {
        "engine": engine,
        "runs": count,
        "workers": workers,
        "overhead_ms": 1e3 * (many["seconds"] - few["seconds"]) * workers / more,
        "cpu_ms": 1e3 * (many["cpu"] - few["cpu"]) / more,
        "start_seconds": few["seconds"],
        "memory_mb": many["memory"],
        "memory_mb_few": few["memory"],
        "load": os.getloadavg()[0],  # of the last minute
    }
    before = [pd.read_csv(path).query("engine != @engine")] if path.is_file() else []
    rows = pd.concat([*before, study_code.stamped(pd.DataFrame([row]), "engines")], ignore_index=True)
    text = rows.sort_values("engine").to_csv(index=False, lineterminator="\n", float_format="%.6g")
    atomic.write(path, text)
    return rows


def _measured(engine: str, count: int, workers: int, tell: Callable[[str], None]) -> dict[str, float]:
    tell(f"{engine}: {count} runs without training, {workers} at a time")
    command = [sys.executable, "-m", __name__, json.dumps([engine, count, workers])]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{engine} with {count} runs: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def one(engine: str, count: int, workers: int) -> dict[str, float]:
    """Fills an empty store with so many runs; seconds, CPU seconds with children, peak memory in MB."""
    from vidattn.bench.config import load

    params = load.load()
    first = resolve(next(iter(planned(params))), params)
    fill._attempt = without_training  # type: ignore[assignment]
    remote.attempt = without_training_elsewhere  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as folder:
        plans = [
            replace(first, run=Run(first.run.cell, first.run.fold, seed), store=Path(folder), parts=())
            for seed in range(count)
        ]
        start, before = time.perf_counter(), _cpu()
        fill.fill(plans, workers, lambda line: None, engine=cluster.read(on=engine)[1])
        seconds, cpu = time.perf_counter() - start, _cpu() - before
        made = len(list(Path(folder).glob("runs/*/*/manifest.json")))
    if made != count:
        raise RuntimeError(f"{made} of {count} runs are in the store")
    return {"seconds": seconds, "cpu": cpu, "memory": peak_memory.memory_mb()}


def _cpu() -> float:
    """CPU seconds of this process and of the children that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    from vidattn.bench.studies import engine_overhead  # workers find its functions by this name

    os.environ["TQDM_DISABLE"] = "1"
    print(json.dumps(engine_overhead.one(*json.loads(sys.argv[1]))))

"""Workers end with the process that started them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vidattn.bench import counts, crew, executor
from vidattn.bench import params as params_module
from vidattn.bench.cell import runs
from vidattn.data import probe, workers

ROOT = Path(__file__).resolve().parent.parent
POOL = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from vidattn.data import workers

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=workers.end_with_parent) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(600)
"""


def test_a_worker_ends_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    worker = int(parent.stdout.readline())
    assert alive(worker)
    parent.kill()
    parent.wait()
    for _ in range(600):
        if not alive(worker):
            return
        time.sleep(0.1)
    os.kill(worker, 9)
    pytest.fail("The worker was alive a minute after its parent.")


def alive(process: int) -> bool:
    """Whether it runs; where nobody takes note of its end it stays listed, as a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Stop(Exception):
    """Raised where a pool would start."""


@pytest.fixture
def pools(monkeypatch):
    """The arguments of pools that would be started."""
    found = []

    def refuse(*positional, **named):
        found.append(named)
        raise Stop

    for module in (crew, counts, probe):
        monkeypatch.setattr(module, "ProcessPoolExecutor", refuse)
    return found


def test_every_pool_guards_its_workers(pools, monkeypatch, tmp_path):
    params = params_module.load(ROOT / "params.yaml")
    monkeypatch.setattr(executor, "folder", lambda run, params: tmp_path / run.id)
    asked = [
        lambda: executor.fill(runs(params), params, 2, print),
        lambda: counts.write_all(params, tmp_path, print),
        lambda: next(probe.probe_all([(tmp_path, "")] * 32, workers=2)),
        lambda: next(probe._one_by_one({0: (tmp_path, "")})),
    ]
    for ask in asked:
        with pytest.raises(Stop):
            ask()
    assert [pool.get("initializer") for pool in pools] == [workers.end_with_parent] * len(asked)


def pid(task: int) -> float:
    """A task that says in MB who did it, as far as the caller reads it so."""
    Path(f"{task}.txt").write_text(str(os.getpid()))
    return 10.0 * task


def test_a_worker_that_has_grown_is_replaced_and_every_task_is_done_once(monkeypatch, tmp_path):
    """Task 2 leaves 20 MB behind: the next has a new process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(crew, "LARGE_MB", 20.0)
    done = []
    crew.work(pid, [0, 1, 2, 3], 1, done.append)
    assert done == [0, 1, 2, 3]
    first, second, third, fourth = ((tmp_path / f"{task}.txt").read_text() for task in done)
    assert first == second == third != fourth


def refuse(task: int) -> float:
    raise ValueError(f"task {task}")


def test_the_first_error_ends_what_waits(tmp_path):
    done = []
    with pytest.raises(ValueError, match="task 7"):
        crew.work(refuse, [7, 8, 9], 1, done.append)
    assert done == []


def vanish(task: str) -> float:
    os._exit(1)


def test_a_worker_that_is_killed_is_an_error_that_says_what_to_do():
    with pytest.raises(RuntimeError, match="ended from outside.*goes on from there.*--jobs"):
        crew.work(vanish, ["seven"], 1, print)

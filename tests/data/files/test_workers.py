"""Workers end with the process that started them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import plans
import pytest

from vidattn.bench.config import load as params_module
from vidattn.bench.cost import count_models
from vidattn.bench.plan.suites import runs
from vidattn.bench.runner import fill, store, worker_pool
from vidattn.data.files import workers
from vidattn.data.media import probe

ROOT = Path(__file__).resolve().parents[3]
POOL = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from vidattn.data.files import workers

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

    for module in (worker_pool, count_models, probe):
        monkeypatch.setattr(module, "ProcessPoolExecutor", refuse)
    return found


def test_every_pool_guards_its_workers(pools, monkeypatch, tmp_path):
    params = params_module.load(ROOT / "params.yaml")
    monkeypatch.setattr(store, "folder", lambda plan: tmp_path / plan.id)
    waiting = [plans.without_data(run, params) for run in runs(params)]
    asked = [
        lambda: fill.fill(waiting, 2, print),
        lambda: count_models.write_all(params, tmp_path, print),
        lambda: next(probe.probe_all([(tmp_path, "")] * 32, workers=2)),
        lambda: next(probe._one_by_one({0: (tmp_path, "")})),
    ]
    for ask in asked:
        with pytest.raises(Stop):
            ask()
    assert [pool.get("initializer") for pool in pools] == [workers.end_with_parent] * len(asked)

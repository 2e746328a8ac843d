"""The store of finished runs: keys that see every edit, and one process at a time on a run."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from vidattn.bench import executor
from vidattn.bench import params as params_module
from vidattn.bench.cell import Cell, Run

ROOT = Path(__file__).resolve().parent.parent
FUSED = Run(Cell("actors", "tiny", "none", "two_stream", "clean"), 1, 0)


@pytest.fixture
def params(monkeypatch):
    monkeypatch.setattr(executor, "data_digest", lambda cell, params: "data")
    return params_module.load(ROOT / "params.yaml")


@pytest.mark.parametrize("name", ["frame_average", "temporal_stream"])
def test_a_fusion_is_made_again_when_a_stream_changes(params, monkeypatch, name):
    """Its scores are those of both streams, so their files and settings are part of its key."""
    assert ROOT / "models" / "architectures" / f"{name}.py" in executor.code_files(FUSED.cell)
    before = executor.ingredients(FUSED, params)
    changed = {**params.architectures, name: {**params.architectures[name], "dense": 12345}}
    after = executor.ingredients(FUSED, replace(params, architectures=changed))
    assert before["params"] != after["params"]
    assert before["code"] == after["code"]


@pytest.fixture
def place(monkeypatch, tmp_path):
    """A run whose folder is known, and which takes no training."""
    found = tmp_path / "1-0-key"
    monkeypatch.setattr(executor, "folder", lambda run, params: found)
    return found


def test_two_processes_on_one_run_make_it_once(place, monkeypatch):
    """`vidattn run` beside `vidattn grid --jobs`; a lock on a folder holds between threads as well."""
    calls, started, second = [], threading.Event(), threading.Event()

    def made(run, params, partial, tell):
        calls.append(run)
        started.set()
        (second if len(calls) > 1 else started).set()
        second.wait(0.5)  # as long as another may take to come in; with the lock it waits outside
        (partial / "checkpoint-1.npz").write_bytes(b"")
        return {"record.json": b"{}"}

    monkeypatch.setattr(executor, "_made", made)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(executor.execute, FUSED, None)
        assert started.wait(60)
        assert pool.submit(executor.execute, FUSED, None).result() == first.result() == place
    assert len(calls) == 1
    assert [path.name for path in place.parent.rglob("*")] == [place.name, "record.json"]


def test_a_run_that_another_process_just_finished_is_not_made(place, monkeypatch):
    answers = iter([False, True])
    monkeypatch.setattr(executor, "finished", lambda path: next(answers))
    monkeypatch.setattr(executor, "_made", None)
    assert executor.execute(FUSED, None) == place
    assert list(place.parent.iterdir()) == []

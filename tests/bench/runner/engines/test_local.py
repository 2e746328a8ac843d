"""The engine `local` on a machine with GPUs, of which `nvidia-smi` is a stand-in."""

import os

import pytest

from vidattn.bench.runner import worker_pool
from vidattn.bench.runner.engines import local
from vidattn.bench.runner.outcome import Outcome
from vidattn.bench.system import gpu

LISTING = "".join(f"GPU {n}: NVIDIA A100 (UUID: GPU-{n}{n})\n" for n in range(3))
SLICED = LISTING + "  MIG 1g.10gb     Device  0: (UUID: MIG-7)\n"


def test_gpus_that_may_be_used_are_named_by_uuid():
    assert [uuid for uuid, _ in gpu.every(LISTING, None)] == ["GPU-00", "GPU-11", "GPU-22"]
    assert [uuid for uuid, _ in gpu.every(LISTING, "2,GPU-0")] == ["GPU-22", "GPU-00"]
    assert gpu.every(LISTING, "") == []
    assert gpu.every(SLICED, None)[-1] == ("MIG-7", "NVIDIA A100 MIG 1g.10gb")


def test_runs_go_to_different_gpus_before_they_share_one():
    slots = local.slots([("a", "A100"), ("b", "A100")], 0.5)
    assert [slot["CUDA_VISIBLE_DEVICES"] for slot in slots] == ["a", "b", "a", "b"]
    assert all(slot["TF_FORCE_GPU_ALLOW_GROWTH"] == "true" for slot in slots)
    assert local.slots([("a", "A100")], 1) == [{"CUDA_VISIBLE_DEVICES": "a"}]
    assert len(local.slots([("a", "A100")], 0.1)) == 10


@pytest.mark.parametrize(
    ("gpus", "message"),
    [([], "nvidia-smi lists none"), ([("a", "A100"), ("b", "T4")], r"several kinds \(A100, T4\)")],
)
def test_gpus_that_are_missing_or_of_several_kinds_are_told(gpus, message):
    with pytest.raises(RuntimeError, match=message):
        local.slots(gpus, 1)


def seen(task: int) -> Outcome:
    """Which GPU a worker may use, where its task is told."""
    return Outcome(float("inf"), failure=os.environ["CUDA_VISIBLE_DEVICES"])


def test_a_worker_and_the_one_that_replaces_it_have_the_same_gpu(monkeypatch):
    monkeypatch.setattr(gpu, "here", lambda: gpu.every(LISTING, "1"))
    outcomes = []

    def done(task, outcome):
        outcomes.append(outcome.failure)
        return True

    local.work(seen, [1, 2], None, done, local.Settings(gpus_per_run=1), kind=repr)
    assert outcomes == ["GPU-11", "GPU-11"]


def test_there_are_never_more_workers_than_room_on_gpus_nor_than_asked_for(monkeypatch):
    monkeypatch.setattr(gpu, "here", lambda: gpu.every(LISTING, None))
    asked = []
    monkeypatch.setattr(worker_pool, "work", lambda do, tasks, workers, *_, **__: asked.append(workers))
    for jobs in (None, 2, 8):
        local.work(seen, [1], jobs, None, local.Settings(gpus_per_run=0.5), kind=repr)
    local.work(seen, [1], 8, None, local.Settings(), kind=repr)
    assert asked == [6, 2, 6, 8]

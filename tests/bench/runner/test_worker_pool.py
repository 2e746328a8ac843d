"""Workers that are replaced, tasks that fail, and a pool that goes on."""

import os
from pathlib import Path

from vidattn.bench.runner import worker_pool
from vidattn.bench.runner.worker_pool import ENDED, Outcome


def numbered(task: int) -> Outcome:
    """Notes which process did it; says that ten MB more are taken with every task."""
    Path(f"{task}.txt").write_text(str(os.getpid()))
    return Outcome(10.0 * task)


def test_a_worker_that_has_grown_is_replaced_and_every_task_is_done_once(monkeypatch, tmp_path):
    """Task 2 leaves 20 MB behind: the next has a new process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker_pool, "LARGE_MB", 20.0)
    done = []
    worker_pool.work(numbered, [0, 1, 2, 3], 1, lambda task, outcome: not done.append(task))
    assert done == [0, 1, 2, 3]
    first, second, third, fourth = ((tmp_path / f"{task}.txt").read_text() for task in done)
    assert first == second == third != fourth


def killed_at_two(task: int) -> Outcome:
    return Outcome(1.0) if task != 2 else os._exit(1)


def test_a_worker_that_is_killed_is_the_failure_of_its_task_alone():
    outcomes = {}
    worker_pool.work(killed_at_two, [1, 2, 3], 1, lambda task, outcome: not outcomes.update({task: outcome}))
    assert {task: outcome.failure for task, outcome in outcomes.items()} == {1: "", 2: ENDED, 3: ""}


def failing(task: int) -> Outcome:
    return Outcome(1.0, failure=f"task {task}")


def test_whoever_asks_may_end_the_work():
    seen = []
    worker_pool.work(failing, [7, 8, 9], 1, lambda task, outcome: seen.append(outcome.failure))
    assert seen == ["task 7"]


def test_workers_keep_to_their_kind_and_then_take_one_that_nobody_is_at():
    waiting = worker_pool._Waiting(["a1", "a2", "a3", "b1", "b2", "c1"], kind=lambda task: task[0])
    first = waiting.take(worker_pool.NOTHING_YET)
    second = waiting.take(worker_pool.NOTHING_YET)
    assert (first, second) == (("a", "a1"), ("b", "b1"))
    assert [waiting.take("b"), waiting.take("b"), waiting.take("a")] == [
        ("b", "b2"),
        ("c", "c1"),
        ("a", "a2"),
    ]
    assert waiting.take("c") == ("a", "a3")  # nothing else is left: better two at it than one idle
    assert waiting.take("a") is None

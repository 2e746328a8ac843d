"""Many runs: one that fails is recorded and named, and the others go on."""

import json

import pytest

from vidattn.bench.runner import execute, fill, memory, store, worker_pool
from vidattn.bench.runner.outcome import Outcome


class Plan:
    """As much of a plan as `fill` looks at."""

    parts = ()

    def __init__(self, name, store_folder):
        self.id, self.store = name, store_folder


@pytest.fixture
def plans(tmp_path, monkeypatch):
    """Three runs; what `execute` does with the second is the test's."""
    finished, tried = set(), []
    monkeypatch.setattr(memory, "told", lambda *_: ["b: it will not fit"])
    monkeypatch.setattr(store, "finished", lambda plan, *_, **__: plan.id in finished or None)

    def run(plan, **_):
        tried.append(plan.id)
        if plan.id == "b" and len(tried) < run.until:
            raise FloatingPointError("loss is nan in epoch 3")
        finished.add(plan.id)

    run.until = 99
    run.tried = tried
    monkeypatch.setattr(execute, "execute", run)

    def work(do, tasks, workers, done, kind):  # as the pool does, in this process
        for task in tasks:
            if not done(task, do(task)):
                return

    monkeypatch.setattr(worker_pool, "work", work)
    return [Plan(name, tmp_path) for name in "abc"], run


def test_a_failed_run_is_recorded_and_the_others_go_on(plans, tmp_path):
    made, run = plans
    with pytest.raises(
        fill.Failed, match="1 of 3 runs failed.*\n  b: FloatingPointError: loss is nan in epoch 3"
    ):
        fill.fill(made, 1, print)
    assert run.tried == ["a", "b", "c"]
    note = json.loads((tmp_path / "failed" / "b.json").read_text())
    assert note["run"] == "b" and "loss is nan" in note["last_lines"][-1]
    run.until = 0
    fill.fill(made, 1, print)  # the same command tries again, that one alone
    assert run.tried == ["a", "b", "c", "b"]
    assert not (tmp_path / "failed" / "b.json").exists()


def test_fail_fast_begins_no_run_after_the_first_that_fails(plans):
    made, run = plans
    with pytest.raises(fill.Failed):
        fill.fill(made, 1, print, fail_fast=True)
    assert run.tried == ["a", "b"]


def test_a_run_is_tried_again_as_often_as_asked(plans):
    made, run = plans
    run.until = 5  # fails twice
    fill.fill(made, 1, print, retry=2)
    assert run.tried == ["a", "b", "c", "b", "b"]


def test_where_nothing_is_missing_it_says_so(plans, monkeypatch):
    monkeypatch.setattr(store, "finished", lambda plan, *_, **__: True)
    told = []
    fill.fill(plans[0], 1, told.append)
    assert told == ["Every run is in the store already."]


def test_what_will_not_fit_is_told_before_anything_starts(plans):
    made, run = plans
    run.until, told = 0, []
    fill.fill(made, 1, lambda line: told.append((line, list(run.tried))))
    assert told == [("b: it will not fit", [])]


def test_runs_whose_worker_was_killed_are_tried_again_with_half_as_many_at_a_time(plans, monkeypatch):
    made, _ = plans
    asked = []

    def work(do, tasks, workers, done, kind):
        asked.append((workers, [task.id for task in tasks]))
        for task in tasks:
            done(task, Outcome(1.0, worker_pool.ENDED if task.id == "b" else ""))

    monkeypatch.setattr(worker_pool, "work", work)
    with pytest.raises(fill.Failed, match="b: The worker was ended from outside"):
        fill.fill(made, 4, print, retry=3)
    assert asked == [(4, ["a", "b", "c"]), (2, ["b"]), (1, ["b"]), (1, ["b"]), (4, [])]

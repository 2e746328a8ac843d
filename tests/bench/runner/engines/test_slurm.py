"""The engine `slurm`, through submitit's executor for one machine: real jobs, without a cluster."""

import os
from pathlib import Path

import pytest

from vidattn.bench.runner.engines import slurm
from vidattn.bench.runner.outcome import Made, Outcome

pytest.importorskip("submitit", reason="the extra vidattn[slurm] is not installed")


def answered(task: str) -> Outcome:
    """What a worker does with a task; some of them end it."""
    if task == "killed":
        os.kill(os.getpid(), 9)
    if task == "broken":
        raise ArithmeticError("a task that breaks its job")
    return Outcome(1.0, made=Made(task, "a node", {"pid": str(os.getpid()).encode()}))


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ["PYTHONPATH"]]))
    return slurm.Settings(executor="local", folder=str(tmp_path / "jobs"), poll_seconds=0.1, minutes=5)


def outcomes_of(tasks, settings, jobs=2, go_on=lambda outcome: True):
    outcomes = {}

    def done(task, outcome):
        outcomes[task] = outcome
        return go_on(outcome)

    slurm.work(answered, tasks, jobs, done, settings, kind=lambda task: task[0])
    return outcomes


def test_a_job_that_dies_or_breaks_is_the_failure_of_its_task_alone(settings):
    outcomes = outcomes_of(["a", "killed", "broken", "b"], settings, jobs=4)
    assert {task for task, outcome in outcomes.items() if not outcome.failure} == {"a", "b"}
    assert outcomes["a"].made.name == "a"
    assert "ended without an answer" in outcomes["killed"].failure
    assert "a task that breaks its job" in outcomes["broken"].failure
    assert not list(Path(settings.folder).glob("*a_result.pkl"))


def test_a_job_makes_several_runs_of_a_kind(settings):
    from dataclasses import replace

    outcomes = outcomes_of(["a1", "b1", "a2"], replace(settings, runs_per_job=2))
    processes = {task: outcome.made.files["pid"] for task, outcome in outcomes.items()}
    assert processes["a1"] == processes["a2"] != processes["b1"]


def test_after_a_failure_nothing_more_begins_where_that_is_asked(settings):
    outcomes = outcomes_of(["broken", "a", "b"], settings, jobs=1, go_on=lambda outcome: not outcome.failure)
    assert list(outcomes) == ["broken"]


def test_without_slurm_it_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="No Slurm on this machine .*login node"):
        slurm.work(answered, ["a"], 1, lambda task, outcome: True, slurm.Settings(folder=str(tmp_path)), repr)

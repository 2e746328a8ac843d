"""The engine `ray` against a stand-in of Ray's functions, where Ray is not installed or not to be started."""

import sys
from types import SimpleNamespace

import pytest

from vidattn.bench.runner.engines import ray as engine
from vidattn.bench.runner.outcome import Outcome
from vidattn.bench.runner.remote import Unfit


class Gone(Exception):
    """As Ray's own: a worker or node that is no more."""


class Raised(Gone):
    """As Ray's own: what a task raised, with its traceback."""


class Short(Gone):
    """As Ray's own: a worker that was ended for its node's memory."""


class StandIn:
    """Ray as far as the engine uses it; `answers` has what each task comes to."""

    exceptions = SimpleNamespace(RayError=Gone, RayTaskError=Raised, OutOfMemoryError=Short)

    def __init__(self, answers, gpus=0):
        self.answers, self.gpus = answers, gpus
        self.asked, self.cancelled, self.most, self.running, self.up = {}, [], 0, set(), False
        self.more = []  # memory that was asked for later, GB

    def is_initialized(self):
        return self.up

    def init(self, address, **_):
        if address == "nowhere":
            raise ConnectionError("Could not find\nany running Ray instance.")
        self.up = True

    def shutdown(self):
        self.up = False

    def nodes(self):
        room = {"CPU": 4.0, "GPU": self.gpus, "memory": 8.0 * engine.GB}
        return [{"Alive": True, "Resources": room}, {"Alive": False, "Resources": {"CPU": 9.0}}]

    def remote(self, **asked):
        self.asked = asked

        def submit(task):
            self.running.add(task)
            self.most = max(self.most, len(self.running))
            return task

        def options(memory):
            self.more.append(memory / engine.GB)
            return SimpleNamespace(remote=submit)

        return lambda do: SimpleNamespace(remote=submit, options=options)

    def wait(self, references, num_returns, timeout):
        return references[:1], references[1:]

    def get(self, reference):
        self.running.remove(reference)
        answer = self.answers[reference]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def cancel(self, reference, force):
        self.cancelled.append(reference)


def outcomes_of(ray, jobs=None, settings=None, go_on=lambda outcome: True):
    outcomes = {}

    def done(task, outcome):
        outcomes[task] = outcome
        return go_on(outcome)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "ray", ray)
        engine.work(repr, list(ray.answers), jobs, done, settings or engine.Settings(), kind=repr)
    return outcomes


def test_each_task_is_answered_once_and_what_is_lost_is_its_own_failure():
    gone = Gone("The node died.\nSee its log.\n\nA long hint.")
    raised = Raised("Traceback ...\nValueError: loss is nan")
    ray = StandIn({"a": Outcome(1.0), "b": gone, "c": raised, "d": Outcome(2.0)})
    outcomes = outcomes_of(ray)
    assert {task: outcome.failure for task, outcome in outcomes.items()} == {
        "a": "",
        "b": "Gone: The node died. See its log.",
        "c": "Traceback ...\nValueError: loss is nan",
        "d": "",
    }
    assert not ray.up  # who joined the cluster leaves it


@pytest.mark.parametrize(("jobs", "most"), [(3, 3), (None, 4 * engine.AHEAD)])
def test_no_more_tasks_are_handed_over_than_asked_for_or_than_there_is_room(jobs, most):
    ray = StandIn({str(number): Outcome(1.0) for number in range(20)})
    assert len(outcomes_of(ray, jobs)) == 20 and ray.most == most


def test_a_part_of_a_gpu_is_asked_for():
    ray = StandIn({"a": Outcome(1.0)}, gpus=1)
    outcomes_of(ray, settings=engine.Settings(gpus_per_run=0.25, memory_gb_per_run=2, cpus_per_run=2))
    taken = {"num_cpus": 2, "num_gpus": 0.25, "memory": 2 * 1024**3, "max_retries": 0, "max_calls": 8}
    assert ray.asked | {"memory": 2 * 1024**3} == taken


def test_after_a_failure_nothing_more_begins_and_what_runs_is_cancelled_where_the_command_is_stopped():
    ray = StandIn({name: Outcome(1.0, "it failed") for name in "abc"})
    assert list(outcomes_of(ray, jobs=1, go_on=lambda outcome: not outcome.failure)) == ["a"]

    def stopped(outcome):
        raise KeyboardInterrupt

    ray = StandIn({name: Outcome(1.0) for name in "abc"})
    with pytest.raises(KeyboardInterrupt):
        outcomes_of(ray, go_on=stopped)
    assert ray.cancelled == ["b", "c"] and not ray.up


def test_no_cluster_at_the_address_is_one_line():
    with pytest.raises(Unfit, match="No Ray cluster at nowhere .*: Could not find any running Ray instance."):
        outcomes_of(StandIn({}), settings=engine.Settings(address="nowhere"))


def test_a_task_that_ran_out_of_memory_is_tried_with_twice_as_much_while_a_node_has_it():
    short = Short("Task was killed due to the node running low on memory.")
    ray = StandIn({"a": [short, Outcome(3.0)], "b": [short, short, short], "c": Outcome(1.0)})
    outcomes = outcomes_of(ray, settings=engine.Settings(memory_gb_per_run=3))
    assert (outcomes["a"], outcomes["c"]) == (Outcome(3.0), Outcome(1.0))
    assert outcomes["b"].failure.startswith("Short: Task was killed due to the node running low")
    assert sorted(ray.more) == [6, 6]  # of 8 GB that a node has: 12 were never asked for

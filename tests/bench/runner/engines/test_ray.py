"""The engine `ray`: what it asks of nodes; with Ray, where it is installed, an address without a cluster."""

from dataclasses import replace

import pytest

from vidattn.bench.runner.engines import ray as engine
from vidattn.bench.runner.remote import Unfit

SETTINGS = engine.Settings(address="local")


def test_room_is_counted_by_what_a_run_takes_up_on_one_node():
    nodes = [{"CPU": 8.0, "GPU": 1.0}, {"CPU": 2.0}, {"CPU": 3.0, "GPU": 2.0}]
    assert engine.check(nodes, SETTINGS) == 13
    assert engine.check(nodes, replace(SETTINGS, gpus_per_run=0.25)) == 4 + 3  # GPUs, then cores, run out
    assert engine.check(nodes, replace(SETTINGS, cpus_per_run=3, gpus_per_run=1)) == 2


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"gpus_per_run": 1}, "No node of the 2 of the Ray cluster has 1 CPU and 1 GPU for a run."),
        ({"memory_gb_per_run": 64}, "has 1 CPU and 64 GB for a run"),
    ],
)
def test_a_request_that_no_node_can_meet_is_told_before_anything_starts(asked, message):
    nodes = [{"CPU": 8.0, "memory": 32.0 * engine.GB}, {"CPU": 2.0, "memory": 8.0 * engine.GB}]
    with pytest.raises(Unfit, match=message):
        engine.check(nodes, replace(SETTINGS, **asked))
    assert engine.check(nodes, replace(SETTINGS, **asked, nodes_may_come=True)) == 0


def test_no_cluster_at_the_address_is_one_line():
    ray = pytest.importorskip("ray", reason="the extra vidattn[ray] is not installed")
    ray.shutdown()
    with pytest.raises(Unfit, match="No Ray cluster at auto") as told:
        engine.work(repr, ["a"], 1, lambda task, outcome: True, engine.Settings(), repr)
    assert "\n" not in str(told.value)

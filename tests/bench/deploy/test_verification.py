"""A submission's runs of a fold are of the same test clips, where they are meant to be."""

from types import SimpleNamespace

import numpy as np
import pytest

from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.deploy import verification

PARAMS = SimpleNamespace(
    protocols={"clean": SimpleNamespace(split="official"), "paper": SimpleNamespace(split="random")}
)


def faults(*tested: tuple[str, str, str, int, str]) -> list[str]:
    """What is said of runs on fold 1, given by data set, attention, protocol, seed and the clip tested."""
    lists: dict[str, dict] = {}
    runs = []
    for dataset, attention, protocol, seed, clip in tested:
        runs.append(Run(Cell(dataset, "tiny", attention, "lstm", protocol), 1, seed))
        columns = {name: np.array([clip]) for name in verification.TESTED}
        lists.setdefault(runs[-1].cell.id, {})[1, seed] = columns
    results = SimpleNamespace(tested=lists.get)
    return list(verification._other_tests(results, runs, PARAMS))


def test_data_sets_and_draws_of_clips_have_test_clips_of_their_own():
    assert not faults(("actors", "none", "clean", 0, "a"), ("mine", "none", "clean", 0, "b"))
    assert not faults(("actors", "none", "paper", 0, "a"), ("actors", "none", "paper", 1, "b"))


@pytest.mark.parametrize("protocol, seed", [("clean", 1), ("clean", 0), ("paper", 0)])
def test_other_clips_than_those_of_the_same_fold_are_told(protocol, seed):
    (line,) = faults(("actors", "none", protocol, 0, "a"), ("actors", "cbam", protocol, seed, "b"))
    assert line.startswith(f"actors-tiny-cbam-lstm-{protocol}-1-{seed} was tested on other clips")

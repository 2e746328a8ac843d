"""A sample of the kills of `make kills`, and what is said of a grid by hand."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from kills import __main__ as command
from kills import case, project

from vidattn.bench.report import tables
from vidattn.bench.results.reader import Results

ROOT = Path(__file__).resolve().parents[1]
EXPECTED = {"1-0": ["a"], "1-1": ["b"]}
WORKER, PATIENT = case.Kill("worker", 0, 0.0, 0), case.Kill("worker", 0, 0.0, 2)
COORDINATOR = case.Kill("coordinator", 0, 0.0, 0)
NAMED = f"  {project.CELL}-1-1: The worker was ended from outside"


@pytest.mark.parametrize(
    ("kill", "hit", "status", "made", "text", "verdict"),
    [
        (WORKER, True, 0, EXPECTED, "", "late"),
        (WORKER, True, 1, {"1-0": ["a"]}, NAMED, "late"),
        (WORKER, True, 0, {"1-0": ["a"]}, NAMED, "status"),  # a run is missing, and the status says it is not
        (WORKER, True, 1, EXPECTED, "", "status"),
        (WORKER, True, 1, {"1-0": ["a"]}, "1 of 2 runs failed", "status"),  # which one, nobody says
        (PATIENT, True, 1, {"1-0": ["a"]}, NAMED, "lost"),
        (COORDINATOR, True, -9, {}, "", "late"),
        (COORDINATOR, True, 0, {}, "", "status"),
        (COORDINATOR, False, 0, EXPECTED, "", "late"),  # it had ended before
    ],
)
def test_the_status_has_to_be_that_of_what_was_made(kill, hit, status, made, text, verdict):
    assert case._status(kill, hit, status, made, EXPECTED, text)[0] == verdict


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (EXPECTED, "late"),
        ({"1-0": ["a"]}, "late"),  # what is missing is made by the next command
        ({"1-0": ["a", "a"]}, "twice"),
        ({"1-0": ["b"]}, "wrong"),
        ({"1-2": ["a"]}, "wrong"),
    ],
)
def test_what_is_there_has_to_be_there_once_and_right(made, verdict):
    assert case._judged(made, EXPECTED)[0] == verdict


def test_counts_of_an_engine_and_seed_replace_those_of_before_and_stand_in_the_table(tmp_path):
    path = tmp_path / "benchmarks/kills.csv"
    path.parent.mkdir()
    command.write(path, "local", 0, Counter({("worker", "resumed"): 1}))
    command.write(path, "ray", 0, Counter({("node", "lost"): 1}))
    command.write(path, "local", 0, Counter({("worker", "resumed"): 3, ("worker", "late"): 1}))
    frame = tables.table("kills", Results(tmp_path, []))
    shown = frame[["engine", "victim", "seed", "kills", "late", "resumed", "lost"]]
    assert shown.to_numpy().tolist() == [["local", "worker", 0, 4, 1, 3, 0], ["ray", "node", 0, 1, 0, 0, 1]]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "ray"])
def test_kills_lose_nothing_and_double_nothing(engine):
    """The seed draws a coordinator and a worker for the local engine."""
    if engine != "local":
        pytest.importorskip(engine, reason=f"the extra vidattn[{engine}] is not installed")
    paths = f"{os.environ.get('PYTHONPATH', '')}:{ROOT / 'tests'}"
    line = [sys.executable, "-m", "kills", "--engine", engine, "--count", "2", "--seed", "9"]
    done = subprocess.run(
        line, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts["kills"] == 2 and not any(counts.get(verdict) for verdict in case.BAD)

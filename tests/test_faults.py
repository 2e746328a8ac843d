"""A sample of the faults of `make faults`; what each kind is stands in tests/faults/kinds."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from faults import __main__ as command
from faults import journal, judge, kinds
from faults.process import Ended

from vidattn.bench.report import tables
from vidattn.bench.results.reader import Results

ROOT = Path(__file__).resolve().parents[1]


def test_a_hundred_faults_lose_nothing_and_leave_nothing_wrong():
    command = [sys.executable, "-m", "faults", "--count", "100", "--seed", "0"]
    environment = {**os.environ, "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{ROOT / 'tests'}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    counts = json.loads(done.stdout.splitlines()[-1])
    assert not any(counts[outcome] for outcome in judge.BAD), done.stderr
    assert done.returncode == 0
    assert counts["injected"] == 100 == sum(counts[outcome] for outcome in judge.VERDICTS)
    assert counts["healed"] > 10 and counts["refused"] > 20


def test_shares_are_kept_and_every_kind_has_its_turn():
    every = kinds.every()
    given = kinds.shares(every, 1000)
    total = sum(kind.SHARE for kind in every.values())
    assert len(given) == 1000 and set(given) == set(every)
    for name, kind in every.items():
        assert abs(given.count(name) - 1000 * kind.SHARE / total) <= len(every)


def test_counts_of_a_seed_replace_those_of_before_and_stand_in_the_table(tmp_path):
    path = tmp_path / "benchmarks/faults.csv"
    command.write(path, 1, {"kills": Counter(healed=3, lost=1)})
    command.write(path, 0, {"kills": Counter(healed=2), "clips": Counter(refused=5)})
    command.write(path, 1, {"kills": Counter(healed=4)})
    frame = tables.table("faults", Results(tmp_path, []))
    assert frame[["kind", "seed", "injected", "healed", "refused", "lost"]].to_numpy().tolist() == [
        ["clips", 0, 5, 0, 5, 0],
        ["kills", 0, 2, 2, 0, 0],
        ["all", 0, 7, 2, 5, 0],
        ["kills", 1, 4, 4, 0, 0],
        ["all", 1, 4, 4, 0, 0],
    ]


def test_a_command_that_was_ended_goes_on_where_the_code_is_the_same(tmp_path):
    path = tmp_path / "store/faults.jsonl"
    journal.Journal(path, "a").note("0 1 kills", "healed")
    with path.open("a") as file:
        file.write('{"code": "a", "fault": "0 2 ki')  # killed here
    again = journal.Journal(path, "a")
    assert again.outcome("0 1 kills") == "healed" and again.outcome("0 2 kills") is None
    again.note("0 2 kills", "lost")
    assert journal.Journal(path, "a").outcome("0 2 kills") == "lost"
    assert journal.Journal(path, "b").outcome("0 1 kills") is None  # which forgets those of other code
    assert journal.Journal(path, "a").outcome("0 1 kills") is None


def test_the_code_that_is_put_to_the_test_is_told_apart(tmp_path):
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "notes.txt").write_text("1")
    before = journal.code([tmp_path])
    (tmp_path / "notes.txt").write_text("2")
    assert journal.code([tmp_path]) == before
    (tmp_path / "a.py").write_text("2")
    assert journal.code([tmp_path]) != before


@pytest.mark.parametrize(
    "process, outcome",
    [
        (Ended(0, ""), "survived"),
        (Ended(1, "vidattn: clips.zip is broken"), "refused"),
        (Ended(1, "vidattn: something is broken"), "unclear"),
        (Ended(1, "Traceback (most recent call last):\nclips.zip"), "unclear"),
        (Ended(-11, "clips.zip"), "unclear"),
        (Ended(0, "", hung=True), "hangs"),
        (Ended(0, "", alive=1), "hangs"),
    ],
)
def test_what_is_said_of_an_end(process, outcome):
    verdict = judge.Verdict()
    judge.ended(verdict, process, ["clips.zip"])
    assert verdict.outcome == outcome


@pytest.mark.parametrize(
    "change, outcome",
    [
        (lambda folder: None, "survived"),
        (lambda folder: (folder / "a.json").write_text("2"), "wrong"),
        (lambda folder: (folder / "a.json").unlink(), "lost"),
        (lambda folder: (folder / ".a.1-2.part.json").write_text(""), "leftovers"),
        (lambda folder: (folder / "a.json.damaged").write_text(""), "healed"),
    ],
)
def test_what_is_said_of_what_is_left(tmp_path, change, outcome):
    (tmp_path / "a.json").write_text("1")
    whole = judge.snapshot(tmp_path)
    change(tmp_path)
    verdict = judge.Verdict()
    judge.same(verdict, tmp_path, whole)
    assert verdict.outcome == outcome

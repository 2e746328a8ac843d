"""`vidattn run` from the command line to the training step: few files, each below the one that calls it."""

import shutil
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from toys import Toy

from vidattn.bench.cli import parser
from vidattn.bench.plan import cell_inputs, run_key
from vidattn.bench.train import one_run, trainer

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LAYERS = next(c["layers"] for c in CONTRACTS if c.get("containers") == ["vidattn.bench"])
# Of bench from the lowest, 1; data and models lie below all.
FLOORS = {room: n for n, rooms in enumerate(reversed(LAYERS), 1) for room in rooms.split(" | ")}


class Reached(Exception):
    """The training step was reached."""


class Step:
    """Stands in for the trainer: keeps the files that lie on the stack at its first step."""

    variables: list = []
    way: list[str] = []

    def begin(self, plan, inputs, rate):
        pass

    def update(self, streams, labels):
        frame = sys._getframe(1)
        while frame:
            if (name := file(frame)) and name not in self.way:
                self.way.insert(0, name)
            frame = frame.f_back
        raise Reached


@cache
def place(filename: str) -> str | None:
    """The path of a file of the project's packages, from the root; None of others."""
    path = Path(filename)
    if not path.is_absolute() or not path.resolve().is_relative_to(ROOT):
        return None
    name = path.resolve().relative_to(ROOT).as_posix()
    return name if name.startswith(("bench/", "data/", "models/")) else None


def file(frame) -> str | None:
    """The project's file that a frame runs."""
    return place(frame.f_code.co_filename)


def floor(name: str) -> int:
    return FLOORS[name.split("/")[1]] if name.startswith("bench/") else 0


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Settings alone; a run of them is given a tiny problem, and ends at its first step."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_key, "data_files", lambda cell, params: [])
    monkeypatch.setattr(cell_inputs, "stream_paths", lambda cell, params: {})
    monkeypatch.setattr(one_run, "open_inputs", lambda plan: Toy())
    monkeypatch.setattr(trainer, "trainer", lambda plan, inputs, rate: Step())
    monkeypatch.setattr(Step, "way", [])


def test_a_run_passes_few_files_and_no_call_goes_up(project, record_property):
    upwards = set()

    def watch(frame, event, _):
        if event != "call" or not (called := file(frame)):
            return
        while (frame := frame.f_back) and not (caller := file(frame)):
            pass
        if frame and floor(called) > floor(caller):
            upwards.add((caller, called))

    sys.setprofile(watch)
    try:
        parser.main(["run", "actors-tiny-cbam-lstm-clean", "--fold", "1", "--suite", "demo"])
    except Reached:
        pass
    finally:
        sys.setprofile(None)
    assert Step.way[0] == "bench/cli/parser.py" and Step.way[-1] == "bench/train/loop.py"
    assert len(Step.way) <= 10 and upwards == set()
    assert [floor(name) for name in Step.way] == sorted(map(floor, Step.way), reverse=True)
    record_property("way", " > ".join(Step.way))

"""The command line finds what a user names, whatever suite is active."""

import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from vidattn.bench import cli, commands, executor, stages
from vidattn.bench.params import ParamsError

ROOT = Path(__file__).parent.parent
CELL = "actors-tiny-cbam-lstm-clean"


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """Names of runs that would be trained, with another suite active than that of the cell."""
    text = (ROOT / "params.yaml").read_text()
    start = text.index("\nsuite:")
    end = text.index("\n", start + 1)
    (tmp_path / "params.yaml").write_text(text[:start] + "\nsuite: icip" + text[end:])
    monkeypatch.chdir(tmp_path)
    names: list[str] = []
    monkeypatch.setattr(executor, "execute", lambda run, params, tell: names.append(run.id))
    monkeypatch.setattr(executor, "publish", lambda run, params, place: {"metrics": {"top1": 0.5}, "n": 2})
    return names


def run(cell, suite=None, fold=None):
    return commands.run(Namespace(cell=cell, suite=suite, fold=fold, seed=0))


def test_a_cell_of_another_suite_runs_with_its_folds(ran, capsys):
    assert run(CELL) == 0
    assert ran == [f"{CELL}-{fold}-0" for fold in (1, 2, 3)]
    assert "as suite 'demo' asks" in capsys.readouterr().err


def test_a_cell_of_no_suite_needs_a_fold(ran):
    with pytest.raises(ParamsError, match="in no suite of params.yaml.*--fold 1"):
        run("actors-tiny-se-lstm-clean")
    with pytest.raises(ParamsError, match="not in suite 'icip'"):
        run(CELL, suite="icip")
    assert run("actors-tiny-se-lstm-clean", fold=2) == 0 and len(ran) == 1


def test_data_is_prepared_as_the_suite_with_it_asks(ran, monkeypatch):
    seen = []
    monkeypatch.setattr(stages, "data", lambda arguments, params, tell: seen.append(params.suite) or 0)
    for name in ("actors", "actors/some_clip", "ucf101_12", None):
        commands.data(Namespace(action="prepare", name=name, suite=None))
    assert seen == ["demo", "demo", "icip", "icip"]


def test_a_reader_that_stops_early_is_no_error():
    """As in `vidattn models | head`."""
    line = [sys.executable, "-c", "from vidattn.bench import cli; cli.main(['models'])"]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
        reader.stdout.close()
        assert reader.stderr.read() == b""
    assert reader.returncode == 141  # as a shell reports SIGPIPE


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("bench costs --memory -1", "--memory: expected a number above 0, got '-1'"),
        ("bench costs --memory nan", "--memory: expected a number above 0"),
        ("bench gate --jobs 0", "--jobs: expected a whole number from 1, got '0'"),
        ("grid --jobs two", "--jobs: expected a whole number from 1, got 'two'"),
        (f"run {CELL} --fold 0", "--fold: expected a whole number from 1"),
        (f"run {CELL} --fold 1 --seed -1", "--seed: expected a whole number from 0"),
        (f"explain {CELL} --count 0", "--count: expected a whole number from 1"),
        (f"explain {CELL} --out .", "--out: expected a file, and . is a folder"),
    ],
)
def test_numbers_and_paths_are_checked_before_any_work(line, message, capsys):
    with pytest.raises(SystemExit) as end:
        cli.parser().parse_args(line.split())
    assert end.value.code == 2 and message in capsys.readouterr().err

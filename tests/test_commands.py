"""The command line finds what a user names, whatever suite is active."""

import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from vidattn.bench import cli, commands, executor, explain_scores, stages
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


def run(cell, suite=None, fold=None, seed=None):
    return commands.run(Namespace(cell=cell, suite=suite, fold=fold, seed=seed))


def explain(cell, **options):
    given = {"suite": None, "fold": None, "seed": None, "scores": False, "clip": None, "count": 3, **options}
    return commands.explain(Namespace(cell=cell, **given))


def test_a_cell_of_another_suite_runs_with_its_folds(ran, capsys):
    assert run(CELL) == 0
    assert ran == [f"{CELL}-{fold}-0" for fold in (1, 2, 3)]
    line = "Using the settings of suite 'demo' (the active suite 'icip' has none of it).\n"
    assert capsys.readouterr().err.startswith(line)


def test_a_cell_of_no_suite_needs_a_fold(ran):
    with pytest.raises(ParamsError, match="in no suite of params.yaml.*--fold 1"):
        run("actors-tiny-se-lstm-clean")
    with pytest.raises(ParamsError, match="not in suite 'icip'"):
        run(CELL, suite="icip")
    assert run("actors-tiny-se-lstm-clean", fold=2) == 0
    assert run("actors-tiny-se-lstm-clean", fold=2, seed=3) == 0
    assert ran == [f"actors-tiny-se-lstm-clean-2-{seed}" for seed in (0, 3)]


def test_a_seed_without_a_fold_is_not_ignored(ran):
    for command in (run, explain):
        with pytest.raises(ParamsError, match="--seed goes with --fold"):
            command(CELL, seed=1)


def test_scores_are_over_all_folds_of_the_suite_that_has_the_cell(ran, monkeypatch):
    """One fold of a cell that is not in the active suite would replace the scores of three."""
    scored = []
    monkeypatch.setattr(explain_scores, "score_all", lambda groups, params, tell: scored.extend(groups) or 0)
    assert explain(CELL, scores=True) == 0
    assert [run.fold for run in scored[0]] == [1, 2, 3] and len(scored) == 1
    with pytest.raises(ParamsError, match="leave out --fold and --seed"):
        explain(CELL, scores=True, fold=1)
    with pytest.raises(ParamsError, match="in no suite .* add the cell to a suite"):
        explain("actors-tiny-se-lstm-clean", scores=True)


def test_a_cell_of_another_suite_is_explained_by_its_first_fold(ran, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("vidattn.bench.explain.draw", lambda run, params, chosen: drawn.append(run.id) or b"")
    assert explain(CELL, out=str(tmp_path / "a.png")) == 0 and drawn == [f"{CELL}-1-0"]
    with pytest.raises(ParamsError, match="needs a cell, or --scores"):
        explain(None)


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


@pytest.mark.parametrize("command", cli.OF_A_SUITE)
def test_commands_that_heed_a_suite_take_one(command):
    given = {"run": [CELL]}.get(command, [])
    assert cli.parser().parse_args([command, *given, "--suite", "demo"]).suite == "demo"


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
        ("models --suite demo", "unrecognized arguments: --suite"),
        ("bench rates --suite demo", "unrecognized arguments: --suite"),
    ],
)
def test_numbers_and_paths_are_checked_before_any_work(line, message, capsys):
    with pytest.raises(SystemExit) as end:
        cli.parser().parse_args(line.split())
    assert end.value.code == 2 and message in capsys.readouterr().err

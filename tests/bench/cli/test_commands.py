"""The command line finds what a user names, whatever suite is active."""

import os
import shutil
import subprocess
import sys
from argparse import Namespace
from importlib.metadata import version
from pathlib import Path

import pytest
import synthetic

from vidattn.bench.cli import (
    bench_commands,
    commands,
    data_commands,
    interrupt,
    parser,
    result_commands,
    stopped,
)
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.explain import score_suite
from vidattn.bench.plan import dvc_cells, run_key
from vidattn.bench.regression import reference, stale_records
from vidattn.bench.runner import execute, store

ROOT = Path(__file__).resolve().parents[3]
CELL = "actors-tiny-cbam-frame_average-clean"


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """Names of runs that would be trained, with another suite active than that of the cell."""
    text = (ROOT / "params.yaml").read_text()
    start = text.index("\nsuite:")
    end = text.index("\n", start + 1)
    (tmp_path / "params.yaml").write_text(text[:start] + "\nsuite: icip" + text[end:])
    monkeypatch.chdir(tmp_path)
    names: list[str] = []
    monkeypatch.setattr(execute, "execute", lambda plan, tell, same: names.append(plan.id))
    monkeypatch.setattr(run_key, "data_files", lambda cell, params: [])
    monkeypatch.setattr(store, "publish", lambda plan, place: {"metrics": {"top1": 0.5}, "n": 2})
    return names


def run(cell, suite=None, fold=None, seed=None):
    return commands.run(Namespace(cell=cell, suite=suite, fold=fold, seed=seed, device=None))


def explain(cell, **options):
    given = {"suite": None, "fold": None, "seed": None, "scores": False, "clip": None, "count": 3, **options}
    given = {"gallery": False, "path": None, "jobs": None, **given}
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
    Path("data/store/actors/truth").mkdir(parents=True)
    scored = []

    def write(groups, params, tell, jobs):
        scored.extend(groups)
        tell(f"{groups[0][0].cell.id}: scored already")

    monkeypatch.setattr(score_suite, "write", write)
    assert explain(CELL, scores=True) == 0
    assert [run.fold for run in scored[0]] == [1, 2, 3] and len(scored) == 1
    with pytest.raises(ParamsError, match="leave out --fold and --seed"):
        explain(CELL, scores=True, fold=1)
    with pytest.raises(ParamsError, match="in no suite .* add the cell to a suite"):
        explain("actors-tiny-se-lstm-clean", scores=True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "--retry 2",
            "--retry goes with --jobs or --on: nothing is run. E.g. vidattn grid --jobs 2 --retry 2.",
        ),
        ("--fail-fast --select ci", "--fail-fast goes with --jobs or --on"),
        ("--device any", "--device goes with --jobs or --on"),
        ("--select ci --suite nope", "--select names the suite itself: leave out --suite."),
        ("--set protocols.clean.epochs=3 --suite ci", "--set is of the active suite: leave out --suite"),
    ],
)
def test_options_of_the_grid_that_would_do_nothing_are_refused(ran, capsys, line, message):
    before = Path("params.yaml").read_bytes()
    code, out, _ = said(capsys, f"grid {line}")
    assert str(code).startswith(f"vidattn: {message}") and "\n" not in code and out == ""
    assert Path("params.yaml").read_bytes() == before


def test_scores_of_data_that_is_not_prepared_name_the_command(ran, monkeypatch):
    message = r"No data/store/actors/truth .* First: vidattn data prepare actors --suite demo$"
    monkeypatch.setattr(score_suite, "write", lambda *_: pytest.fail("nothing can be scored"))
    for cell, suite in ((None, "demo"), (CELL, None)):
        with pytest.raises(ParamsError, match=message):
            explain(cell, suite=suite, scores=True)


def test_an_end_without_a_score_is_none_in_peace_but_in_a_stage(ran, monkeypatch, capsys):
    """A stage of DVC runs for suites without truth, too."""
    assert explain(None, suite="ucf101_12", scores=True) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines and all("not scored, 'ucf101_12' has no truth" in line for line in lines)
    Path("data/store/actors/truth").mkdir(parents=True)
    assert explain(CELL, scores=True) == 1
    assert f"{CELL}: missing, " in capsys.readouterr().err
    monkeypatch.setenv("DVC_STAGE", "explain")
    monkeypatch.setattr(dvc_cells, "follow", lambda params: None)
    assert explain(CELL, scores=True) == 0


def test_a_cell_of_another_suite_is_explained_by_its_first_fold(ran, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "vidattn.bench.cli.explain_commands.draw", lambda arguments, run, params: drawn.append(run.id) or 0
    )
    assert explain(CELL, out=str(tmp_path / "a.png")) == 0 and drawn == [f"{CELL}-1-0"]
    with pytest.raises(ParamsError, match="needs a cell, or --scores"):
        explain(None)


def test_data_is_prepared_as_the_suite_with_it_asks(ran, monkeypatch):
    seen = []
    monkeypatch.setattr(data_commands, "data", lambda arguments, params, tell: seen.append(params.suite) or 0)
    for name in ("actors", "actors/some_clip", "ucf101_12", None):
        commands.data(Namespace(action="prepare", name=name, suite=None))
    assert seen == ["demo", "demo", "icip", "icip"]


def test_a_reader_that_stops_early_is_no_error():
    """As in `vidattn models | head`."""
    line = [sys.executable, "-c", "from vidattn.bench.cli import parser; parser.main(['models'])"]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
        reader.stdout.close()
        assert reader.stderr.read() == b""
    assert reader.returncode == 141  # as a shell reports SIGPIPE


def said(capsys, line: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    with pytest.raises(SystemExit) as end:
        parser.main(line.split())
    return end.value.code, *capsys.readouterr()


@pytest.mark.parametrize("command", ["data", "run", "grid", "explain", "tables", "report", "check"])
def test_commands_that_heed_a_suite_take_one(command):
    assert "suite" in {parameter.name for parameter in parser.vidattn.commands[command].params}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("rnu x", "vidattn: No such command 'rnu'. Did you mean 'run'? See vidattn --help."),
        ("run", "vidattn run: Missing argument 'CELL'. See vidattn run --help."),
        (f"run {CELL} --flod 1", "vidattn run: No such option '--flod'. Did you mean '--fold'?"),
        ("data fech actors", "unknown value 'fech'. Did you mean 'fetch'? Expected one of: add, "),
        ("bench costs --memory -1", "'--memory': expected a number above 0, got '-1'"),
        ("bench costs --memory nan", "'--memory': expected a number above 0"),
        ("bench gate --jobs 0", "'--jobs': expected a whole number from 1, got '0'"),
        ("bench speed --only flow strage", "unknown value 'strage'. Did you mean 'storage'"),
        ("grid --jobs two", "'--jobs': expected a whole number from 1, got 'two'"),
        (f"run {CELL} --fold 0", "'--fold': expected a whole number from 1"),
        (f"run {CELL} --fold 1 --seed -1", "'--seed': expected a whole number from 0"),
        (f"explain {CELL} --count 0", "'--count': expected a whole number from 1"),
        (f"explain {CELL} --out .", "'--out': expected a file, and . is a folder"),
        ("models --suite demo", "No such option '--suite'"),
        ("bench rates --suite demo", "No such option '--suite'"),
    ],
)
def test_what_is_typed_wrong_is_told_in_one_line_before_any_work(line, message, capsys):
    code, out, error = said(capsys, line)
    assert (code, out) == (2, "") and message in error and error.count("\n") == 1


def test_ctrl_c_is_one_line_and_130_while_the_command_line_is_imported(tmp_path):
    """A module that the command line imports gets the signal, as a user's finger would send it."""
    # A job in the background is started deaf to it, and so would be whatever these tests start there.
    heard = "import os, signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    (tmp_path / "click.py").write_text(heard + "os.kill(os.getpid(), signal.SIGINT)\n")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    line = [sys.executable, "-c", "from vidattn.bench.cli.interrupt import main; main()", "data"]
    done = subprocess.run(line, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == interrupt.LINE + "\n"


def test_ctrl_c_while_garbage_is_collected_is_not_lost(tmp_path):
    """Libraries hang callbacks on the collector, and Python drops what is raised in one."""
    (tmp_path / "click.py").write_text(
        "import gc, os, signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "gc.callbacks.append(lambda phase, _: phase == 'stop' and os.kill(os.getpid(), signal.SIGINT))\n"
        "gc.collect()\n"
        "gc.callbacks.pop()\n"
        "time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    line = [sys.executable, "-c", "from vidattn.bench.cli.interrupt import main; main()", "data"]
    done = subprocess.run(line, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, interrupt.LINE + "\n")


def test_ctrl_c_while_a_command_works_is_the_same(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "tables", interrupted)
    monkeypatch.setattr(stopped.signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as end:
        parser.main(["tables"])
    assert end.value.code == 130 and capsys.readouterr().err == interrupt.LINE + "\n"


def test_help_has_examples_and_nothing_typed_shows_it(capsys):
    code, out, _ = said(capsys, "--help")
    assert code == 0 and "vidattn run actors-tiny-cbam-lstm-clean" in out
    code, _, error = said(capsys, "")
    assert code == 2 and "vidattn run actors-tiny-cbam-lstm-clean" in error


def test_help_of_a_command_says_a_word_on_each_of_what_it_takes(capsys):
    _, out, _ = said(capsys, "bench --help")
    lines = [line.split() for line in out.splitlines()]
    for name in parser.BENCHES:
        assert any(line[:1] == [name] and len(line) > 3 for line in lines), name
        assert callable(getattr(bench_commands, name))
    _, out, _ = said(capsys, "data --help")
    assert "[OPTIONS] [ACTION] [NAME] [SOURCE]" in out and "for add: the folder of clips" in " ".join(
        out.split()
    )


def test_the_version_is_that_of_the_package(capsys):
    assert said(capsys, "--version") == (0, f"vidattn {version('vidattn')}\n", "")


def test_a_mistake_in_params_is_one_line_and_code_1(ran, capsys):
    Path("params.yaml").write_text("suite: demo\nsuite: ci\n")
    code, out, _ = said(capsys, "grid")
    assert str(code).startswith("vidattn: params.yaml is not valid YAML: line 2") and out == ""


def test_an_option_takes_several_values_at_once(monkeypatch):
    seen = []
    monkeypatch.setattr(commands, "explain", lambda arguments: seen.append(arguments) or 0)
    with pytest.raises(SystemExit):
        parser.main(["explain", CELL, "--clip", "a", "b", "--count", "2", "--clip", "c"])
    assert (seen[0].clip, seen[0].count, seen[0].cell) == (["a", "b", "c"], 2, CELL)


def test_cells_without_records_get_no_row_and_are_named(ran, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(stale_records, "find", lambda results, params: {})
    synthetic.write(tmp_path / "results", {CELL: (0.8, 0.7, 0.6)})
    asked = Namespace(suite="ci", accept="first", json=False)
    assert result_commands.check(asked) == 0
    path, missing = capsys.readouterr().out.splitlines()
    rows = reference.read(tmp_path / path)
    assert set(reference.by_cell(rows)) == {CELL}
    assert missing.startswith("No record, so no row: ") and CELL not in missing
    shutil.rmtree(tmp_path / "results/records")
    with pytest.raises(ValueError, match="cannot be accepted"):
        result_commands.check(asked)

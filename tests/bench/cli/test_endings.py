"""How commands end that cannot do their work: one line, of the path as its user knows it."""

import shutil
from concurrent.futures import Future
from pathlib import Path

import pytest

from vidattn.bench.cli import commands
from vidattn.bench.cli.parser import main
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.results import reader

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    "words, told",
    [
        (("tables",), "results is a file. Expected a folder"),
        (("grid", "--select", "demo"), "cells.json is a folder. Expected a file"),
        (("mlflow", "ui", "--port", "70000"), "from 1 to 65535"),
    ],
)
def test_what_is_wrong_with_a_path_is_told_by_its_own_name(tmp_path, monkeypatch, capsys, words, told):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "results").touch()
    (tmp_path / "cells.json").mkdir()
    with pytest.raises(SystemExit) as end:
        main(list(words))
    said = capsys.readouterr().err if end.value.code == 2 else str(end.value.code)
    assert told in said and ".part" not in said and "Errno" not in said


def ended(monkeypatch, work) -> str:
    """How `vidattn tables` ends where this is its work."""
    monkeypatch.setattr(commands, "tables", lambda arguments: work())
    with pytest.raises(SystemExit) as end:
        main(["tables"])
    return end.value.code


def passed_on():
    """An error of the suite as a worker of a pool passes it on: raised there, by other code."""
    future = Future()
    future.set_exception(ParamsError("worded here."))
    future.result()


@pytest.mark.parametrize("work, said", [(lambda: 1 // 0, "by zero"), (lambda: int("a"), "base 10: 'a'")])
def test_an_error_that_nobody_worded_says_how_to_see_where_it_was(monkeypatch, work, said):
    assert ended(monkeypatch, work).endswith(f"{said}. VIDATTN_DEBUG=1 shows where.")
    monkeypatch.setenv("VIDATTN_DEBUG", "1")
    with pytest.raises((ZeroDivisionError, ValueError)):
        main(["tables"])


@pytest.mark.parametrize("work", [passed_on, lambda: reader.coordinates("a")])
def test_what_the_suite_refuses_stands_alone(monkeypatch, work):
    assert "VIDATTN_DEBUG" not in ended(monkeypatch, work)


def test_the_help_says_how_to_see_where_an_error_was(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "VIDATTN_DEBUG=1" in capsys.readouterr().out

"""How commands end that cannot do their work: one line, of the path as its user knows it."""

import shutil
from pathlib import Path

import pytest

from vidattn.bench.cli.parser import main

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

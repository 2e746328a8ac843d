"""Values of params.yaml set by their path: one line changes, or nothing does."""

import shutil
from pathlib import Path

import pytest

from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.load import load
from vidattn.bench.plan import dvc_cells, variation

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "params.yaml").read_text()


def differing(change: str) -> list[tuple[str, str]]:
    """The lines that a change replaces, each before and after; '' for a line that was not there."""
    before, after = TEXT.splitlines(), variation.changed(TEXT, change).splitlines()
    place = next(i for i, (a, b) in enumerate(zip(before, after)) if a != b)
    grown = len(after) - len(before)
    assert before[place + 1 - grown :] == after[place + 1 :]
    return ["" if grown else before[place].strip(), after[place].strip()]


def test_one_line_changes():
    assert differing("protocols.clean.epochs=3") == ["epochs: 18", "epochs: 3"]
    assert differing("protocols.clean.optimizer.learning_rate=[0.1, 0.01]")[1] == (
        "optimizer: {name: adam, learning_rate: [0.1, 0.01], clipnorm: 1.0}"
    )
    assert differing("protocols.clean.optimizer={name: sgd, learning_rate: 0.1}")[1] == (
        "optimizer: {name: sgd, learning_rate: 0.1}"
    )


def test_a_key_of_the_protocol_it_starts_from_becomes_a_line():
    assert differing("protocols.icip_leaky.epochs=3") == ["", "epochs: 3"]
    params = load(text=variation.changed(TEXT, "protocols.icip_leaky.epochs=3"))
    assert (params.protocols["icip_leaky"].epochs, params.protocols["icip_clean"].epochs) == (3, 60)


@pytest.mark.parametrize(
    "change, told",
    [
        ("protocols.clean.epoch=3", "Did you mean 'epochs'"),
        ("protocols.icip_leaky.epoch=3", "Did you mean 'epochs'"),
        ("protocol.clean.epochs=3", "Did you mean 'protocols'"),
        ("protocols.clean.epochs.more=3", "unknown key 'more'"),
        ("protocols.clean=3", "section with lines of its own"),
        ("protocols.clean.epochs", "Expected <key>=<value>"),
        ("protocols.clean.epochs=", "Expected <key>=<value>"),
        ("protocols.clean.epochs=[3", "expected a value in YAML"),
        ("protocols.clean.epochs=2021-99-99", "expected a value in YAML"),
    ],
)
def test_what_sets_nothing_is_told(change, told):
    with pytest.raises(ParamsError, match=told):
        variation.changed(TEXT, change)


def test_a_suite_is_switched_by_its_own_option_and_by_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "cells.json"):
        shutil.copy(ROOT / name, tmp_path)
    with pytest.raises(ParamsError, match="vidattn grid --select <suite>"):
        dvc_cells.select(Path("params.yaml"), None, ["suite=ci"])
    assert Path("params.yaml").read_text() == TEXT
    dvc_cells.select(Path("params.yaml"), None, ["protocols.clean.epochs=3"])
    assert load().suite == "demo"


def test_a_value_that_does_not_load_is_not_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "cells.json"):
        shutil.copy(ROOT / name, tmp_path)
    with pytest.raises(ParamsError, match=r"^params.yaml: protocols.clean.epochs: expected a whole number"):
        dvc_cells.select(Path("params.yaml"), "demo", ["protocols.clean.epochs=many"])
    assert Path("params.yaml").read_text() == TEXT
    dvc_cells.select(Path("params.yaml"), "demo", ["protocols.clean.epochs=3", "protocols.clean.batch=4"])
    dvc_cells.check(load())
    assert (load().protocols["clean"].epochs, load().protocols["clean"].batch) == (3, 4)

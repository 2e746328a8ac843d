"""What plug-in files declare, read without importing them."""

from pathlib import Path

import pytest

from vidattn.bench.analysis import untrained
from vidattn.bench.config import plugin_files
from vidattn.bench.config.errors import ParamsError
from vidattn.data import datasets

ROOT = Path(__file__).resolve().parents[3]


def test_a_backbone_without_a_size_says_so():
    with pytest.raises(ParamsError, match="none.py has no SIZE"):
        plugin_files.native_size("none")
    assert {plugin_files.native_size(name) for name in ("xception", "inception_v3")} == {299}


def test_official_sizes_and_folds_are_read_without_importing_the_data_sets():
    names = datasets.names()
    assert len(names) > 6
    assert {n: plugin_files.official_size(n) for n in names} == {
        n: datasets.load(n).official_size for n in names
    }
    assert {n: plugin_files.official_folds(n) for n in names} == {n: datasets.load(n).folds for n in names}
    assert plugin_files.official_size("none") == plugin_files.official_folds("none") == 0


def test_the_folds_of_a_data_set_are_those_of_its_declaration(tmp_path, monkeypatch):
    """Another call may take `folds` too; what would have to be run is an error that names the file."""
    monkeypatch.setattr(plugin_files, "ROOT", tmp_path)
    folder = tmp_path / "data" / "datasets"
    folder.mkdir(parents=True)
    (folder / "first.py").write_text(
        "LISTS = split(folds=9)\nN = 2\nDATASET = Dataset(name='first', folds=N)\n"
    )
    assert plugin_files.official_folds("first") == 2
    (folder / "other.py").write_text("DATASET = Dataset(folds=len(LISTS))\n")
    with pytest.raises(ParamsError, match=r"other.py: folds: expected a literal, got len\(LISTS\)"):
        plugin_files.official_folds("other")
    (folder / "third.py").write_text("N = len(LISTS)\nDATASET = Dataset(folds=N)\n")
    with pytest.raises(ParamsError, match=r"third.py: N: expected a literal, got len\(LISTS\)"):
        plugin_files.official_folds("third")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("toy_given", "fit = max"),
        ("toy_function", "def fit(train, validation, others, classes): ..."),
        ("toy_import", "from somewhere import scores as fit"),
    ],
)
def test_what_is_fitted_is_a_floor_however_its_file_has_it(tmp_path, monkeypatch, name, line):
    monkeypatch.setattr(plugin_files, "folder", lambda kind: tmp_path)
    (tmp_path / f"{name}.py").write_text(f"NETWORK = False\n{line}\n")
    assert untrained.is_floor(name) and not untrained.is_probe(name)


def test_what_only_uses_a_fit_of_another_is_the_probe(tmp_path, monkeypatch):
    monkeypatch.setattr(plugin_files, "folder", lambda kind: tmp_path)
    (tmp_path / "toy_probe.py").write_text("NETWORK = False\ndef scores(model):\n    fit = model.fit\n")
    assert untrained.is_probe("toy_probe")

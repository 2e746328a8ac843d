"""The package as pip installs it, outside of the repository: what it brings, and what it says is missing."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from vidattn.bench.cli import missing_extras
from vidattn.bench.plan import project_folder

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("bench", "data", "models", "package", "results/published")
FILES = ("pyproject.toml", "README.md", "LICENSE", "params.yaml", "cells.json", "dvc.yaml", ".dvcignore")
EXTRAS = ("tensorflow", "keras_cv", "tensorflow_datasets", "mlflow", "dvc")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder of packages with vidattn in it, made of a copy: a build leaves files beside the sources."""
    source, place = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    for part in PARTS:
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("store", "__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    line = [shutil.which("uv"), "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--offline"]
    line += ["--python", sys.executable, "--target", str(place), str(source)]
    subprocess.run(line, check=True, capture_output=True)
    return place


def python(site: Path, code: str, folder: Path) -> subprocess.CompletedProcess:
    """Run code with the installed package, in a folder, where no extra is installed."""
    without = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS!r}))\n"
    line = [sys.executable, "-c", without + code]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True)


def vidattn(site: Path, folder: Path, *words: str) -> subprocess.CompletedProcess:
    return python(site, f"from vidattn.bench.cli.parser import main; main({list(words)!r})", folder)


def test_the_version_is_one_everywhere(site, tmp_path):
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(r"(?m)^## (\S+)", (ROOT / "CHANGELOG.md").read_text()).group(1) == version
    assert str(yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"]) == version
    assert python(site, "import vidattn; print(vidattn.__version__)", tmp_path).stdout == f"{version}\n"
    assert vidattn(site, tmp_path, "--version").stdout == f"vidattn {version}\n"


def test_a_project_begins_in_any_folder_without_extras(site, tmp_path):
    begun = vidattn(site, tmp_path, "init", "study")
    assert begun.returncode == 0, begun.stderr
    study = tmp_path / "study"
    assert (study / "params.yaml").read_bytes() == (ROOT / "params.yaml").read_bytes()
    assert {path.name for path in (study / "results" / "published").iterdir()} >= {"icip.csv", "thesis.csv"}
    assert "(3 runs)" in vidattn(site, study, "grid").stdout
    assert vidattn(site, study, "grid", "--check").returncode == 0
    assert (study / "data" / "store" / "installed.json").is_file()
    trained = vidattn(site, study, "models", "tiny-none-lstm")
    assert (trained.returncode, trained.stderr.count("\n")) == (1, 1)
    assert "pip install 'vidattn[cpu]'" in trained.stderr
    logged = vidattn(site, study, "mlflow", "log")
    assert (logged.returncode, logged.stdout) == (1, "") and "pip install 'vidattn[mlflow]'" in logged.stderr


def test_a_project_that_is_there_is_kept(tmp_path):
    (tmp_path / "dvc.yaml").write_text("mine")
    with pytest.raises(ValueError, match=r"dvc.yaml is there already"):
        project_folder.lay(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["dvc.yaml"]
    with pytest.raises(ValueError, match="is a file"):
        project_folder.lay(tmp_path / "dvc.yaml")


def test_stages_of_a_project_depend_on_the_installed_package():
    laid = yaml.safe_load(project_folder.stages((ROOT / "dvc.yaml").read_text()))["stages"]
    made = {"data/store/shared_code.json", "data/store/installed.json"}
    assert laid["plan"]["always_changed"] and made == {next(iter(out)) for out in laid["plan"]["outs"]}
    for name, stage in laid.items():
        needed = stage.get("do", stage)["deps"]
        assert not [path for path in needed if re.match(r"bench|models|data/(?!store)|\$\{item\.code", path)]
        assert name == "plan" or needed.count("data/store/installed.json") == 1


@pytest.mark.parametrize(
    "module, extra",
    [("tensorflow.keras", "cpu"), ("mlflow", "mlflow"), ("dvc", "dvc"), ("submitit", "slurm")],
)
def test_the_extra_that_is_missing_is_named(module, extra):
    assert f"pip install 'vidattn[{extra}]'" in missing_extras.error_line(ModuleNotFoundError(name=module))


def test_other_faults_are_no_missing_extra():
    assert missing_extras.error_line(ModuleNotFoundError(name="mine")) is None
    assert missing_extras.error_line(ValueError("tensorflow")) is None

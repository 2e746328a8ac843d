"""The project as a package: its folders, what it declares, what its pages link to."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_packages_are_the_folders_with_code():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {
        p.parent.relative_to(ROOT)
        for top in ("bench", "models", "data")
        for p in (ROOT / top).rglob("__init__.py")
    }
    folders = {f for f in folders if "store" not in f.parts}
    named = ["vidattn." + ".".join(f.parts) for f in folders]
    assert sorted(packages) == sorted(["vidattn", "vidattn.project", *named])


# Chosen by the user (backends), compared with where they are (bench.in), or run as a command.
NOT_DECLARED = {"tensorflow", "jax", "torch", "av", "decord", "torchcodec"}
NOT_IMPORTED = {"dvc", "importlib-resources", "tensorflow-cpu"}  # tensorflow-datasets lacks the second


def test_packages_are_declared_where_they_are_imported():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    brought = ("cpu", "dvc", "mlflow", "store")  # ray and submitit are not installed for tests
    declared = [*project["dependencies"], *(name for extra in brought for name in extras[extra])]
    assert set(extras["cpu"][1:]) == set(extras["cuda"][1:])  # the first is TensorFlow
    declared = {re.split(r"[<>=]", name)[0].lower().replace("_", "-") for name in declared}
    where = packages_distributions()
    used = {module for part in ("bench", "data", "models") for module in foreign(ROOT / part)} - NOT_DECLARED
    owners = {module: {name.lower().replace("_", "-") for name in where.get(module, [])} for module in used}
    assert {module: names for module, names in owners.items() if not names & declared} == {}
    assert declared - {name for names in owners.values() for name in names} == NOT_IMPORTED


def foreign(folder: Path) -> set[str]:
    """The packages that a folder's files import, without Python's own and this one."""
    found = set()
    for path in [*folder.glob("*.py"), *folder.glob("[a-z]*/*.py"), *folder.glob("report/figures/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and not node.level:
                found.add((node.module or "").split(".")[0])
            elif isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
    return found - sys.stdlib_module_names - {"vidattn"}


def test_git_ignores_a_store_that_is_a_link_and_keeps_line_feeds(tmp_path):
    for name in (".gitignore", ".gitattributes"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data/store").symlink_to(tmp_path / "elsewhere")

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=tmp_path, capture_output=True, text=True).stdout

    git("init")
    assert git("check-ignore", "data/store").strip() == "data/store"
    assert git("check-attr", "eol", "a.csv").strip() == "a.csv: eol: lf"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "results/README.md"])
def test_pages_link_to_files_that_are_there(page):
    text = (ROOT / page).read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []

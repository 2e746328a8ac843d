"""The stages follow from params.yaml, and the project from its folders."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from vidattn.bench import executor, grid, plugins
from vidattn.bench import params as params_module
from vidattn.data import datasets
from vidattn.models import build

ROOT = Path(__file__).resolve().parent.parent


def test_cells_yaml_is_up_to_date():
    """If this fails: vidattn grid --select <the suite in params.yaml>."""
    assert (ROOT / "cells.yaml").read_text() == grid.text(params_module.load(ROOT / "params.yaml"))


def test_every_cell_is_in_exactly_one_group():
    loaded = params_module.load(ROOT / "params.yaml")
    for suite in loaded.suites:
        made = grid.grid(params_module.load(ROOT / "params.yaml", suite=suite))
        names = [cell for name in grid.GROUPS for cell in made[name]]
        assert sorted(names) == sorted(set(names))
        assert names


def test_training_stages_depend_on_the_files_that_the_store_keys_on():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    for stage in ("train_rgb", "train_flow", "train_head"):
        assert set(executor.SHARED) <= set(stages[stage]["do"]["deps"])


def test_the_store_keys_on_all_that_plug_ins_import():
    """An edit of code that makes numbers must not leave old numbers standing."""
    plugs = {path for kind in build.KINDS.values() for path in (ROOT / "models" / kind).glob("*.py")}
    missed = needed({ROOT / "models" / "build.py", *plugs}) - names(plugs) - set(executor.SHARED)
    assert missed <= {"models/__init__.py"}


# How work is split, settings and files are read and files are written: an edit of these changes no content.
MEANS = {
    "bench/__init__.py",
    "data/__init__.py",
    "models/__init__.py",
    "bench/cell.py",
    "bench/checks.py",
    "bench/protocol_checks.py",
    "bench/setting_checks.py",
}
MEANS |= {"bench/files.py", "bench/params.py", "data/atomic.py", "data/costs.py", "data/pool.py"}
MEANS |= {"data/workers.py", "bench/reading.py"}


@pytest.mark.parametrize(
    ("stage", "start", "made_before"),
    [  # `made_before`: code of earlier stages, of which only paths are asked here
        ("fetch", "data/actors_*.py", set()),
        ("index", "data/manifest.py", set()),
        ("frames", "data/frames.py", {"data/pictures.py", "data/probe.py"}),
        ("flow", "data/flow.py", {"data/frames.py"}),
        ("encode", "bench/encode.py", {"data/frames.py", "data/manifest.py", "bench/train.py"}),
        ("tables", "bench/tables/*.py", set()),
        ("report", "bench/report.py", set()),
    ],
)
def test_stages_depend_on_what_their_code_imports(stage, start, made_before):
    """`bench/train.py` lends the encoder nothing but the way to import Keras."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    listed = stages[stage].get("do", stages[stage])["deps"]
    found = needed(set(ROOT.glob(start)), MEANS | made_before)
    folders = tuple(f"{path}/" for path in listed)
    assert found and {name for name in found if name not in listed and not name.startswith(folders)} == set()


def test_stages_depend_on_what_they_read_without_importing_it():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert "data/datasets/${key}.py" in stages["index"]["do"]["deps"]  # `datasets.load`
    assert "data/datasets" in stages["report"]["deps"]  # `plugins.official_size`
    kinds = {"results/records", "results/predictions", "results/timings"}
    assert kinds <= set(stages["mlflow"]["deps"])  # what `tracking` sends


def names(paths: set[Path]) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in paths}


def needed(todo: set[Path], without: set[str] = frozenset()) -> set[str]:
    """What these files import, and so on; what stands in `without` is not followed."""
    reached: set[Path] = set()
    while todo:
        reached |= todo
        todo = {found for path in todo for found in imported(path) if not names({found}) & without} - reached
    return names(reached)


def imported(path: Path) -> set[Path]:
    """The project's files that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vidattn."):
            folder = ROOT / Path(*node.module.split(".")[1:])
            found |= {folder.with_suffix(".py"), folder / "__init__.py"}
            found |= {folder / f"{alias.name}.py" for alias in node.names}
    return {file for file in found if file.is_file()}


def test_files_that_stages_name_exist_or_are_made_by_a_stage():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    bodies = [stage.get("do", stage) for stage in stages.values()]
    made = {path for body in bodies for out in body["outs"] if isinstance(out, dict) for path in out}
    for body in bodies:
        for path in body["deps"]:
            if "$" not in path and not path.startswith("data/store") and path not in made:
                assert (ROOT / path).exists(), path


def test_the_default_graph_stays_small():
    listed = [sys.executable, "-m", "dvc", "stage", "list"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 10 < len(done.stdout.splitlines()) < 60


def test_native_sizes_follow_the_backbone_and_are_all_prepared():
    loaded = params_module.load(ROOT / "params.yaml", suite="icip_full")
    made = grid.grid(loaded)
    asked = {(s["sampling"], s["size"]) for s in made["frames"]["ucf101"]}
    assert asked == {("per_second", 224), ("uniform", 224), ("uniform", 299), ("uniform", 60)}
    sizes = {(s["backbone"], s["size"]) for s in made["encoders"]["ucf101"] if s["sampling"] == "uniform"}
    assert {("vgg16", 224), ("inception_v3", 299), ("xception", 299), ("resnet50", 224)} <= sizes
    assert [s["size"] for s in made["encoders"]["ucf101"] if s["pool"] == "flat"] == [224] * 5


def test_no_two_stages_write_one_folder():
    """`dvc` refuses that; one stage extracts the features of all backbones of a data set."""
    made = grid.grid(params_module.load(ROOT / "params.yaml", suite="icip_full"))
    assert set(made["encoders"]) == {"ucf101", "sports1m99"}


def test_a_backbone_without_a_size_says_so():
    with pytest.raises(params_module.ParamsError, match="none.py has no SIZE"):
        plugins.native_size("none")
    assert {plugins.native_size(name) for name in ("xception", "inception_v3")} == {299}


def test_flow_settings_touch_no_rgb_stage():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert "flows" not in str(stages["train_rgb"])
    assert "flow" not in str([d for d in stages["train_rgb"]["do"]["deps"] if "store" in d])
    assert "flows" in str(stages["train_flow"]["do"]["params"])


def test_select_changes_the_switch_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = (ROOT / "params.yaml").read_text()
    Path("params.yaml").write_text(before)
    grid.select(Path("params.yaml"), "ci")
    after = Path("params.yaml").read_text()
    assert re.sub(r"(?m)^suite: \w+", "suite: X", after) == re.sub(r"(?m)^suite: \w+", "suite: X", before)
    assert params_module.load(Path("params.yaml")).suite == "ci"
    assert Path("cells.yaml").read_text() == grid.text(params_module.load(Path("params.yaml")))


def test_packages_are_the_folders_with_code():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {
        p.parent.relative_to(ROOT)
        for top in ("bench", "models", "data")
        for p in (ROOT / top).rglob("__init__.py")
    }
    folders = {f for f in folders if "store" not in f.parts}
    assert sorted(packages) == sorted("vidattn." + ".".join(f.parts) for f in folders)


# Chosen by the user (backends), compared with where they are (bench.in), or run as a command.
NOT_DECLARED = {"tensorflow", "jax", "torch", "av", "decord", "torchcodec"}
NOT_IMPORTED = {"dvc", "importlib-resources"}  # tensorflow-datasets lacks the second


def test_packages_are_declared_where_they_are_imported():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    declared = {re.split(r"[<>=]", name)[0].lower().replace("_", "-") for name in declared}
    where = packages_distributions()
    used = {module for part in ("bench", "data", "models") for module in foreign(ROOT / part)} - NOT_DECLARED
    owners = {module: {name.lower().replace("_", "-") for name in where.get(module, [])} for module in used}
    assert {module: names for module, names in owners.items() if not names & declared} == {}
    assert declared - {name for names in owners.values() for name in names} == NOT_IMPORTED


def foreign(folder: Path) -> set[str]:
    """The packages that a folder's files import, without Python's own and this one."""
    found = set()
    for path in [*folder.glob("*.py"), *folder.glob("[a-z]*/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and not node.level:
                found.add((node.module or "").split(".")[0])
            elif isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
    return found - sys.stdlib_module_names - {"vidattn"}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "results/README.md"])
def test_pages_link_to_files_that_are_there(page):
    text = (ROOT / page).read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_official_sizes_and_folds_are_read_without_importing_the_data_sets():
    names = [path.stem for path in (ROOT / "data" / "datasets").glob("[a-z]*.py")]
    assert len(names) > 6
    assert {n: plugins.official_size(n) for n in names} == {n: datasets.load(n).official_size for n in names}
    assert {n: plugins.official_folds(n) for n in names} == {n: datasets.load(n).folds for n in names}
    assert plugins.official_size("none") == plugins.official_folds("none") == 0


def test_the_folds_of_a_data_set_are_those_of_its_declaration(tmp_path, monkeypatch):
    """Another call may take `folds` too; what would have to be run is an error that names the file."""
    monkeypatch.setattr(plugins, "ROOT", tmp_path)
    folder = tmp_path / "data" / "datasets"
    folder.mkdir(parents=True)
    (folder / "mine.py").write_text(
        "LISTS = split(folds=9)\nN = 2\nDATASET = Dataset(name='mine', folds=N)\n"
    )
    assert plugins.official_folds("mine") == 2
    (folder / "other.py").write_text("DATASET = Dataset(folds=len(LISTS))\n")
    with pytest.raises(
        params_module.ParamsError, match=r"other.py: folds: expected a literal, got len\(LISTS\)"
    ):
        plugins.official_folds("other")
    (folder / "third.py").write_text("N = len(LISTS)\nDATASET = Dataset(folds=N)\n")
    with pytest.raises(params_module.ParamsError, match=r"third.py: N: expected a literal, got len\(LISTS\)"):
        plugins.official_folds("third")

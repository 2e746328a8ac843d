"""dvc.yaml depends on the packages that runs are keyed on, and every stage on what its code imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from vidattn.bench.plan import run_key
from vidattn.bench.results import study_code

ROOT = Path(__file__).resolve().parents[3]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
# How work is split, settings and files are read and files are written: an edit of these changes no content.
MEANS = ("bench/config/", "bench/plan/", "bench/results/", "bench/system/", "data/files/", "data/index/")


def test_every_cell_waits_for_the_digests_of_the_code_that_runs_are_keyed_on():
    assert set(STAGES["plan"]["deps"]) == {*run_key.SHARED, "cells.json", "params.yaml"}
    for stage in ("train", "fuse"):
        assert set(outs("plan")) <= set(STAGES[stage]["do"]["deps"])


def test_the_key_covers_all_that_plug_ins_and_training_import():
    """An edit of code that makes numbers must not leave old numbers standing."""
    kinds = ("architectures", "attention", "backbones")
    plugs = {path for kind in kinds for path in (ROOT / "models" / kind).glob("*.py")}
    start = {*plugs, *(ROOT / "bench" / "train").glob("*.py"), *(ROOT / "data" / "batches").glob("*.py")}
    # what stored data is made by, of which only paths are asked here; data says itself what made it
    made_before = ("data/extract/", "data/media/", "data/actors/")
    reached = needed(start, (*MEANS, *made_before)) - names(plugs)
    assert "models/graph/encoder.py" in reached
    assert {name for name in reached if not lies_in(name, run_key.SHARED)} == set()


@pytest.mark.parametrize(
    ("stage", "start", "made_before"),
    [  # `made_before`: code of earlier stages, of which only paths are asked here
        ("fetch", "data/actors/[a-z]*.py", ()),
        ("index", "data/index/manifest.py", ("data/shards/",)),
        ("frames", "data/extract/frames.py", ()),
        ("flow", "data/extract/flow.py", ("data/extract/frames.py",)),
        ("encode", "bench/train/frozen_features.py", ("data/extract/frames.py", "data/extract/flow.py")),
        ("tables", "bench/report/tables/*.py", ()),
        ("report", "bench/report/page.py", ()),
    ],
)
def test_stages_depend_on_what_their_code_imports(stage, start, made_before):
    listed = STAGES[stage].get("do", STAGES[stage])["deps"]
    if set(outs("plan")) & set(listed):  # one file stands for the shared code
        listed = [*listed, *run_key.SHARED]
    start = set(ROOT.glob(start))
    reached = needed(start, (*MEANS, *made_before)) if stage != "index" else needed(start, made_before)
    without = () if stage != "index" else ("data/files/",)
    assert reached
    assert {name for name in reached if not lies_in(name, [*listed, *without])} == set()


def test_stages_depend_on_what_they_read_without_importing_it():
    assert "data/datasets/${item.plugin}.py" in STAGES["index"]["do"]["deps"]  # `datasets.load`
    assert "data/datasets" in STAGES["report"]["deps"]  # `plugin_files.official_size`
    kinds = {"results/records", "results/predictions"}
    assert kinds <= set(STAGES["mlflow"]["deps"])  # what `tracking` sends


def test_tables_depend_on_the_code_of_the_studies_that_they_mark_as_stale():
    """`logistic_probe` is an architecture, whose cells are made again and change the records."""
    read = names(set().union(*map(study_code.code, study_code.STUDIES)))
    listed = [*STAGES["tables"]["deps"], *run_key.SHARED, "models/architectures"]
    assert {name for name in read if not lies_in(name, listed)} == set()


def test_files_that_stages_name_exist_or_are_made_by_a_stage():
    made = {path for stage in STAGES for path in outs(stage)}
    for stage in STAGES.values():
        for path in stage.get("do", stage)["deps"]:
            if "$" not in path and not path.startswith("data/store") and path not in made:
                assert (ROOT / path).exists(), path


def outs(stage: str) -> list[str]:
    """The paths that a stage writes."""
    return [path for out in STAGES[stage].get("do", STAGES[stage])["outs"] for path in out]


def lies_in(name: str, places) -> bool:
    """Whether a file is one of these places or lies in one."""
    return any(name == place or name.startswith(f"{place.rstrip('/')}/") for place in places)


def names(paths: set[Path]) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in paths}


def needed(todo: set[Path], without: tuple[str, ...]) -> set[str]:
    """What these files import, and so on; what lies in `without` is not followed."""
    reached: set[Path] = set()
    while todo:
        reached |= todo
        todo = {file for path in todo for file in imported(path)} - reached
        todo = {file for file in todo if not file.relative_to(ROOT).as_posix().startswith(without)}
    return names(reached)


def imported(path: Path) -> set[Path]:
    """The project's files that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vidattn."):
            folder = ROOT / Path(*node.module.split(".")[1:])
            found |= {folder.with_suffix(".py"), folder / "__init__.py"}
            found |= {folder / f"{alias.name}.py" for alias in node.names}
    return {file for file in found if file.is_file() and not only_a_docstring(file)}


def only_a_docstring(path: Path) -> bool:
    """What most `__init__.py` hold; an edit changes no number."""
    return path.name == "__init__.py" and len(ast.parse(path.read_text()).body) == 1


def test_the_default_graph_stays_small():
    listed = [sys.executable, "-m", "dvc", "stage", "list"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 10 < len(done.stdout.splitlines()) < 60

"""What `dvc status` lists after an edit: the demo's stages on stand-ins for all that they read and write."""

import contextlib
import json
import re
import shutil
from functools import reduce
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo
from dvc.repo.reproduce import plan_repro

from vidattn.bench.config.load import load
from vidattn.bench.plan import dvc_cells

ROOT = Path(__file__).resolve().parents[3]
KEPT = re.compile("actors-tiny-(none|cbam)-(frame_average|temporal_stream|two_stream)-clean")
OVER_ALL = {"records", "explain", "tables", "report", "mlflow"}  # stages over all cells
OF_THE_GRID = {"plan", "explain", "tables", "report"}  # stages that read which cells there are


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Repo:
    """A project of few cells where every stage is up to date."""
    home = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "dvc.yaml", home)
    (home / "cells.json").write_text(few_cells())
    with contextlib.chdir(home), Repo.init(no_scm=True) as repo:
        stand_in(home, repo.index.stages)
        repo.commit(force=True)
        assert repo.status() == {}
        yield repo


def few_cells() -> str:
    """cells.json of two attentions in two streams, and what is fused of these; DVC is slow to read more."""
    grid = dvc_cells.grid(load(ROOT / "params.yaml", suite="demo"))
    for kind in ("train", "fuse"):
        grid[kind] = {name: entry for name, entry in grid[kind].items() if KEPT.fullmatch(name)}
    return json.dumps({"grid": grid})


def stand_in(home: Path, stages) -> None:
    """Write files and settings of the names that stages read and write."""
    settings: dict = {}
    for part in (part for stage in stages for part in [*stage.deps, *stage.outs]):
        path = Path(part.fs_path)
        if path == home / "params.yaml":
            for name in getattr(part, "params", ()):
                *outer, last = name.split(".")
                place = reduce(lambda inner, key: inner.setdefault(key, {}), outer, settings)
                place.setdefault(last, {})
        elif path != home / "cells.json":
            path = path if path.suffix else path / "file"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{path}\n")
    (home / "params.yaml").write_text(yaml.safe_dump(settings))


@pytest.fixture
def edit(project):
    """Replace a file's text; it is as before after the test."""
    before: dict[Path, str] = {}

    def replace(name: str, text: str) -> None:
        path = Path(project.root_dir, name)
        before.setdefault(path, path.read_text())
        path.write_text(text)
        project._reset()

    yield replace
    for path, text in before.items():
        path.write_text(text)
    project._reset()


def after(project: Repo, stages: set[str]) -> set[str]:
    """The stages that read what these write, and so on."""
    named = [stage for stage in project.index.stages if stage.addressing in stages]
    return {stage.addressing for stage in plan_repro(project.index.graph, named, downstream=True)} - stages


def cells(project: Repo, kind: str) -> set[str]:
    """Stages `train` or `fuse`."""
    return {s.addressing for s in project.index.stages if s.addressing.startswith(f"{kind}@")}


def test_an_edit_of_an_attention_makes_its_cells_stale_and_no_other(project, edit):
    edit("models/attention/cbam.py", "edited")
    trained = {name for name in cells(project, "train") if "-cbam-" in name}
    assert 0 < len(trained) < len(cells(project, "train"))
    # the models' FLOPs are counted, which takes seconds
    assert set(project.status()) == {*trained, "complexity"}
    fused = {name for name in cells(project, "fuse") if "-cbam-" in name}
    assert fused and after(project, trained) == {*fused, *OVER_ALL}


def test_a_new_metric_makes_no_run_stale(project, edit):
    edit("bench/runner/metrics.py", "edited")
    assert set(project.status()) == {"records"}
    assert after(project, {"records"}) == OVER_ALL - {"records"}


def test_a_change_of_one_cell_makes_it_and_the_stages_over_all_cells_run(project, edit):
    grid = json.loads(Path(project.root_dir, "cells.json").read_text())["grid"]
    cell = min(grid["train"])
    grid["train"][cell]["settings"]["protocol"]["epochs"] += 1
    edit("cells.json", json.dumps({"grid": grid}))
    assert set(project.status()) == {f"train@{cell}", *OF_THE_GRID}
    del grid["train"][cell]
    edit("cells.json", json.dumps({"grid": grid}))
    assert set(project.status()) == OF_THE_GRID

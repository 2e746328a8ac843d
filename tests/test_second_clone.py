"""A second clone: what the first one stored is fetched, and DVC finds nothing to decode or to train."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from faults import project

pytest.importorskip("fsspec", reason="the extra vidattn[store] is not installed")
ROOT = Path(__file__).resolve().parents[1]
CODE = ("bench", "data", "models")
LEFT_OUT = ("saturation", "explain", "complexity", "schedule", "mlflow")  # read more than is here
LEFT_OUT += ("report",)  # made in every clone, as git does not hold it: no news, and it takes seconds
HEAVY = re.compile(r"(fetch|index|frames|flow|encode|train|fuse)@")


def settings() -> dict:
    """The tiny project of the tests of faults, with a cell that is trained for an epoch on flow."""
    raw = project.settings()
    grid = {"dataset": ["actors"], "backbone": ["tiny"], "folds": [1], "seeds": [0]}
    cell = {"attention": ["none"], "architecture": ["temporal_stream"], "protocol": ["clean"]}
    raw["suites"] = {"tiny": [{**grid, **cell}]}
    raw["protocols"]["clean"] |= {"epochs": 1}
    return raw


def lay(home: Path) -> None:
    """A repository of the code, the stages and these settings."""
    for name in CODE:
        left_out = shutil.ignore_patterns("__pycache__", *(["store"] if name == "data" else []))
        shutil.copytree(ROOT / name, home / name, ignore=left_out)
    for name in (".dvcignore", ".gitignore", "requirements/suite.sh", "requirements/state.py"):
        (home / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, home / name)
    shutil.copytree(ROOT / "results/published", home / "results/published")
    for name in ("benchmarks", "complexity", "explain", "rates", "saturation", "schedule"):
        (home / "results" / name).mkdir()
        (home / "results" / name / ".gitkeep").touch()
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    kept = {name: stage for name, stage in stages["stages"].items() if name not in LEFT_OUT}
    kept["tables"]["params"] = ["suites", "tables", {"cells.json": ["grid"]}]
    stages = {**stages, "stages": kept}
    del stages["plots"]  # those of the report
    (home / "dvc.yaml").write_text(yaml.safe_dump(stages, sort_keys=False))
    (home / "params.yaml").write_text(yaml.safe_dump(settings(), sort_keys=False))


def do(home: Path, *words: str) -> str:
    """What a command says in a clone, whose own code it runs."""
    paths = home.parent / f"{home.name}.paths"
    if not paths.exists():
        (paths / "bin").mkdir(parents=True)
        (paths / "vidattn").mkdir()
        for name in CODE:
            (paths / "vidattn" / name).symlink_to(home / name)
        line = f"exec {sys.executable} -c 'from vidattn.bench.cli.parser import main; main()' \"$@\""
        (paths / "bin/vidattn").write_text(f"#!/bin/sh\n{line}\n")
        (paths / "bin/dvc").write_text(f'#!/bin/sh\nexec {sys.executable} -m dvc "$@"\n')
        for name in ("vidattn", "dvc"):
            (paths / "bin" / name).chmod(0o755)
    search = f"{paths / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = {"PYTHONPATH": str(paths), "PATH": search, "DVC_NO_ANALYTICS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(words, cwd=home, env={**os.environ, **own}, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.slow
def test_a_second_clone_is_up_to_date_without_decoding_or_training(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    lay(first)
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (["git", "init", "-q"], ["dvc", "init", "-q"], ["vidattn", "grid", "--select", "tiny"]):
        do(first, *words)
    made = re.findall(r"Running stage '(.*)'", do(first, "dvc", "repro"))
    assert len(list(filter(HEAVY.match, made))) == 5
    do(first, "git", "add", ".")
    do(first, "git", *who, "commit", "-qm", "made")
    do(first, "vidattn", "store", "push", str(tmp_path / "there"))

    do(tmp_path, "git", "clone", "-q", str(first), str(second))
    do(second, "vidattn", "store", "pull", str(tmp_path / "there"))
    again = re.findall(r"Running stage '(.*)'", do(second, "dvc", "repro"))
    assert again == ["plan"], again
    assert do(second, "git", "status", "--porcelain") == ""
    assert "Everything is up to date." in do(second, "sh", "requirements/suite.sh", "tiny", "1")
    assert do(second, "vidattn", "grid", "--jobs", "1") == "Every run is in the store already.\n"

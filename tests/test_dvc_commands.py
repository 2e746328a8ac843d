"""What users ask DVC for: figures without network, a picture of the stages that can be read."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    """A repository with this project's stages and settings, and two figures."""
    home = tmp_path_factory.mktemp("repository")
    for name in ("dvc.yaml", "params.yaml", "cells.yaml"):
        shutil.copy(ROOT / name, home)
    (home / "results" / "figures").mkdir(parents=True)
    for name in ("answer", "forest"):
        (home / "results" / "figures" / f"{name}.svg").write_text(
            f"<svg xmlns='http://www.w3.org/2000/svg' id='{name}'/>"
        )
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=home, check=True, capture_output=True)
    return home


def dvc(repository: Path, *words: str) -> str:
    line = [sys.executable, "-m", "dvc", *words]
    wide = {**os.environ, "COLUMNS": "120", "DVC_PAGER": "cat"}
    return subprocess.run(line, cwd=repository, env=wide, check=True, capture_output=True, text=True).stdout


def test_plots_need_no_network(repository):
    dvc(repository, "plots", "show", "-o", "shown")
    page = (repository / "shown" / "index.html").read_text()
    for name in ("answer", "forest"):
        assert f'src="static/workspace_results_figures_{name}.svg"' in page
    assert not re.search(r'(?:src|href)="https?:', page)


def test_the_stages_fit_on_a_page(repository):
    lines = dvc(repository, "dag", "--mermaid", "--collapse-foreach-matrix").splitlines()
    assert lines[0] == "flowchart TD" and len(lines) < 80
    assert any('["report"]' in line for line in lines)


SCORE = """\
import json, pathlib
for path in pathlib.Path("results/metrics").iterdir():
    path.write_text(json.dumps({**json.loads(path.read_text()), "top1": 0.25}))
"""


@pytest.fixture(scope="module")
def varied(tmp_path_factory) -> Path:
    """A repository with this project's settings and metrics, one stage that scores, and one experiment."""
    home = tmp_path_factory.mktemp("varied")
    for name in ("params.yaml", "cells.yaml"):
        shutil.copy(ROOT / name, home)
    shutil.copytree(ROOT / "results" / "metrics", home / "results" / "metrics")
    (home / "score.py").write_text(SCORE)
    (home / "dvc.yaml").write_text(
        "stages:\n  score:\n    cmd: python score.py\n    params: [protocols, {cells.yaml: [grid]}]\n"
        "metrics: [results/metrics]\n"
    )
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=home, check=True, capture_output=True)
    dvc(home, "init", "-q")
    for words in (["add", "."], [*who, "commit", "-qm", "two"]):
        subprocess.run(["git", *words], cwd=home, check=True, capture_output=True)
    code = "from vidattn.bench.cli.parser import main; main()"
    change = [sys.executable, "-c", code, "grid", "--set", "protocols.clean.epochs=3"]
    subprocess.run(change, cwd=home, check=True, capture_output=True)
    return home


def test_an_experiment_changes_one_line_of_the_settings(varied):
    line = ["git", "diff", "--numstat", "--", "params.yaml"]
    changed = subprocess.run(line, cwd=varied, check=True, capture_output=True, text=True).stdout
    assert changed.split() == ["1", "1", "params.yaml"]
    dvc(varied, "exp", "run", "-q", "-n", "short")
    readme = (ROOT / "README.md").read_text()
    for words in re.findall(r"(?m)^dvc ((?:exp show|metrics diff|params diff)[^#\n]*)", readme):
        shown = dvc(varied, *shlex.split(words)).splitlines()
        assert any("top1" in row or "epochs" in row for row in shown), words
        assert max(map(len, shown)) <= 120 and not any("…" in row for row in shown), words


def test_settings_that_dvc_has_rewritten_are_the_same(varied, tmp_path):
    from dvc.utils.hydra import apply_overrides

    from vidattn.bench.config.load import load

    shutil.copy(varied / "params.yaml", tmp_path)
    apply_overrides(tmp_path / "params.yaml", ["protocols.clean.epochs=4"])
    before, after = load(varied / "params.yaml").protocols, load(tmp_path / "params.yaml").protocols
    assert {name for name in before if before[name] != after[name]} == {"clean"}

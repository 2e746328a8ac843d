"""What users ask DVC for: figures without network, a picture of the stages that can be read."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


SEVERAL = """\
import contextlib, io, json, sys
from dvc.cli import main

said = []
for words in json.loads(sys.argv[1]):
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        status = main(words)
    if status:
        sys.exit(f"dvc {words}: {status}")
    said.append(told.getvalue())
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    """A repository with this project's stages and settings, and two figures."""
    home = tmp_path_factory.mktemp("repository")
    for name in ("dvc.yaml", "params.yaml", "cells.json"):
        shutil.copy(ROOT / name, home)
    (home / "results" / "figures").mkdir(parents=True)
    for name in ("answer", "forest"):
        (home / "results" / "figures" / f"{name}.svg").write_text(
            f"<svg xmlns='http://www.w3.org/2000/svg' id='{name}'/>"
        )
    subprocess.run(["git", "init", "-q"], cwd=home, check=True, capture_output=True)
    return home


def dvc(repository: Path, *commands: list[str]) -> list[str]:
    """What each command says, one after the other in a process that imports DVC once."""
    line = [sys.executable, "-c", SEVERAL, json.dumps(commands)]
    wide = {**os.environ, "COLUMNS": "120", "DVC_PAGER": "cat"}
    done = subprocess.run(line, cwd=repository, env=wide, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def stages(repository) -> str:
    """What DVC draws of the stages, after it wrote the plots."""
    commands = ["init", "-q"], ["plots", "show", "-o", "shown"]
    return dvc(repository, *commands, ["dag", "--mermaid", "--collapse-foreach-matrix"])[-1]


def test_plots_need_no_network(repository, stages):
    page = (repository / "shown" / "index.html").read_text()
    for name in ("answer", "forest"):
        assert f'src="static/workspace_results_figures_{name}.svg"' in page
    assert not re.search(r'(?:src|href)="https?:', page)


def test_what_python_compiles_is_no_part_of_a_stage():
    """Else a stage is out of date as soon as an import has written bytecode into a folder of its code."""
    asked = [f"{folder}/__pycache__/any.cpython-311.pyc" for folder in ("bench/report", "models")]
    command = [sys.executable, "-m", "dvc", "check-ignore", *asked]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert told.stdout.splitlines() == asked, told.stderr


def test_the_stages_fit_on_a_page(stages):
    lines = stages.splitlines()
    assert lines[0] == "flowchart TD" and len(lines) < 80
    assert any('["report"]' in line for line in lines)


SCORE = """\
import json, pathlib
for path in pathlib.Path("results/metrics").iterdir():
    path.write_text(json.dumps({**json.loads(path.read_text()), "top1": 0.25}))
"""


STAGES = """\
stages:
  plan:
    cmd: python plan.py grid --check
    deps: [cells.json, params.yaml]
    outs:
      - data/store/shared_code.json: {cache: false}
  score:
    cmd: python score.py
    deps: [data/store/shared_code.json]
    params: [protocols, {cells.json: [grid]}]
metrics: [results/metrics]
"""


@pytest.fixture(scope="module")
def varied(tmp_path_factory) -> Path:
    """A repository with this project's settings and metrics, one stage that scores, and one experiment."""
    home = tmp_path_factory.mktemp("varied")
    for name in ("params.yaml", "cells.json"):
        shutil.copy(ROOT / name, home)
    shutil.copytree(ROOT / "results" / "metrics", home / "results" / "metrics")
    (home / "score.py").write_text(SCORE)
    (home / "dvc.yaml").write_text(STAGES)
    (home / "plan.py").write_text("from vidattn.bench.cli.parser import main\n\nmain()\n")
    (home / ".gitignore").write_text("data\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=home, check=True, capture_output=True)
    dvc(home, ["init", "-q"])
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
    readme = (ROOT / "README.md").read_text()
    lines = re.findall(r"(?m)^dvc ((?:exp show|metrics diff|params diff)[^#\n]*)", readme)
    said = dvc(varied, ["exp", "run", "-q", "-n", "short"], *map(shlex.split, lines))
    for words, text in zip(lines, said[1:], strict=True):
        shown = text.splitlines()
        assert any("top1" in row or "epochs" in row for row in shown), words
        assert max(map(len, shown)) <= 120 and not any("…" in row for row in shown), words


def test_settings_that_dvc_has_rewritten_are_the_same(varied, tmp_path):
    from dvc.utils.hydra import apply_overrides

    from vidattn.bench.config.load import load

    shutil.copy(varied / "params.yaml", tmp_path)
    apply_overrides(tmp_path / "params.yaml", ["protocols.clean.epochs=4"])
    before, after = load(varied / "params.yaml").protocols, load(tmp_path / "params.yaml").protocols
    assert {name for name in before if before[name] != after[name]} == {"clean"}


def test_what_dvc_rewrote_is_laid_out_again_with_the_cells(varied):
    from dvc.utils.hydra import apply_overrides

    checkout = ["git", "checkout", "-q", "params.yaml"]
    subprocess.run(checkout, cwd=varied, check=True)
    apply_overrides(varied / "params.yaml", ["protocols.paper.epochs=4"])
    code = "from vidattn.bench.cli.parser import main; main()"
    line = [sys.executable, "-c", code, "grid", "--select", "demo"]
    subprocess.run(line, cwd=varied, check=True, capture_output=True)
    line = ["git", "diff", "--numstat", "--", "params.yaml"]
    changed = subprocess.run(line, cwd=varied, check=True, capture_output=True, text=True).stdout
    assert changed.split() == ["1", "0", "params.yaml"]  # it has the epochs of `clean` until then
    subprocess.run(checkout, cwd=varied, check=True)


def test_a_setting_of_an_experiment_reaches_the_cells_and_one_line_of_the_settings(varied):
    dvc(varied, ["exp", "run", "-q", "-n", "longer", "-S", "protocols.paper.epochs=4"])
    line = ["git", "diff", "--numstat", "--", "params.yaml"]
    changed = subprocess.run(line, cwd=varied, check=True, capture_output=True, text=True).stdout
    assert changed.split() == ["1", "0", "params.yaml"]  # it has the epochs of `clean` until then
    cells = json.loads((varied / "cells.json").read_text())["grid"]["train"]
    epochs = {
        name.rsplit("-", 1)[1]: entry["settings"]["protocol"]["epochs"] for name, entry in cells.items()
    }
    assert epochs["paper"] == 4 and epochs["clean"] != 4
    subprocess.run(["git", "checkout", "-q", "."], cwd=varied, check=True)


def test_another_suite_has_other_stages_which_dvc_has_read_by_then(varied):
    line = [sys.executable, "-m", "dvc", "exp", "run", "-S", "suite=ci"]
    done = subprocess.run(line, cwd=varied, capture_output=True, text=True)
    assert done.returncode and "Run: vidattn grid --select ci" in done.stderr + done.stdout
    subprocess.run(["git", "checkout", "-q", "."], cwd=varied, check=True)

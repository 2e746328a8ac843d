"""What CI says: nothing of accuracy unless the runs were trained."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("make", "check", "trained", "passes"),
    [
        ("echo Everything is up to date.", "exit 0", "trained=true\n", True),
        # A regression, or work done twice: the summary has accuracies to tell of all the same.
        ("echo Everything is up to date.", "exit 1", "trained=true\n", False),
        ("echo Trained once more.", "exit 0", "trained=true\n", False),
        ('[ "$1" != test ]', "exit 0", "", False),
        ('[ "$1" != suite ]', "exit 0", "", False),
    ],
)
def test_the_script_says_whether_the_suite_was_trained(tmp_path, make, check, trained, passes):
    program(tmp_path / ".ci" / "run", (ROOT / ".ci" / "run").read_text().partition("\n")[2])
    program(tmp_path / "bin" / "make", make)
    program(tmp_path / ".venv" / "bin" / "vidattn", check)
    output = tmp_path / "output"
    output.touch()
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    line = ["bash", tmp_path / ".ci" / "run"]
    done = subprocess.run(line, env={**os.environ, "PATH": path, "GITHUB_OUTPUT": str(output)})
    assert output.read_text() == trained
    assert (done.returncode == 0) == passes


def test_nothing_is_compared_or_shown_of_what_was_not_trained():
    steps = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]["test"]["steps"]
    (script,) = [step for step in steps if step.get("run") == ".ci/run"]
    after = steps[steps.index(script) + 1 :]
    trained = f"steps.{script['id']}.outputs.trained"
    told = {step["if"]: step.get("run", "") for step in after}
    assert set(told) == {f"always() && {trained} == 'true'", f"always() && {trained} != 'true'"}
    assert "Not trained" in told[f"always() && {trained} != 'true'"]
    assert any("vidattn check" in step.get("run", "") for step in after)


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda p: p.name)
def test_workflows_name_files_and_targets_that_are_there(path):
    jobs = yaml.safe_load(path.read_text())["jobs"]
    runs = " ".join(step.get("run", "") for job in jobs.values() for step in job["steps"])
    targets = set(re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text()))
    assert set(re.findall(r"\bmake (\w+)", runs)) <= targets
    named = re.findall(r"(?:requirements|\.ci)/[\w.]+", runs)
    assert [name for name in named if not (ROOT / name).exists()] == []

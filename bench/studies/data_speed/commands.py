"""CPU seconds of commands that have little to do, against the start of what they might have loaded.

Each command is a process of its own, which is waited for; what its own processes take counts.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vidattn.bench.studies.data_speed import timing

Rows = list[dict]
STARTS = {"help": ["--help"], "data": ["data"], "models": ["models"], "check": ["check"]}
VIDATTN = [sys.executable, "-c", "from vidattn.bench.cli.parser import main; main()"]
DVC = [sys.executable, "-m", "dvc"]
KERAS = [sys.executable, "-c", "import keras"]
REPEATS = 5  # the sides taking turns
DONE = Path(".dvc/tmp/suite_done")  # where requirements/suite.sh notes the state that it left
STAGE = "stages:\n  one:\n    cmd: echo 1 > one\n    outs:\n    - one:\n        cache: false\n"
QUIET = {"DVC_NO_ANALYTICS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def rows(suite: str) -> Rows:
    """Commands that only look, and a suite whose runs are all made.

    Args:
        suite: The one that is looked at; where it has not been run here, its rows have no numbers.
    """
    return [*(_start(name, given) for name, given in STARTS.items()), *_nothing_to_do(suite)]


def _start(name: str, given: Sequence[str]) -> dict:
    said = (0, 1, 2) if name == "check" else (0,)  # a regression or a missing record is an answer, too
    ours, theirs = timing.turns(lambda: _call([*VIDATTN, *given], said), lambda: _call(KERAS), REPEATS)
    note = f"vidattn {' '.join(given)} against the import of Keras alone; {REPEATS} pairs"
    return timing.row(f"start_{name}", ours, theirs, "CPU s", REPEATS, note)


def _nothing_to_do(suite: str) -> Rows:
    sides = {"suite": ["sh", "requirements/suite.sh", suite, "1"], "repro": [*DVC, "repro"]}
    if not _up_to_date(suite):
        note = f"no suite that is up to date; first: make suite SUITE={suite}"
        return [timing.row(f"no_op_{name}", np.nan, np.nan, "CPU s", 0, note) for name in sides]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "dvc.yaml").write_text(STAGE)
        for command in (["init", "--no-scm"], ["repro"]):
            _call([*DVC, *command], folder=folder)
        made = []
        for name, command in sides.items():
            ours, theirs = timing.turns(
                lambda command=command: _call(command), lambda: _call([*DVC, "repro"], folder=folder), REPEATS
            )
            note = f"nothing to do, against dvc repro of a project of one stage; {REPEATS} pairs"
            made.append(timing.row(f"no_op_{name}", ours, theirs, "CPU s", REPEATS, note))
    return made


def _up_to_date(suite: str) -> bool:
    """Whether requirements/suite.sh has nothing to do."""
    state = Path("requirements/state.py")
    if not (DONE.is_file() and state.is_file()):
        return False
    now = subprocess.run(
        [sys.executable, "-S", str(state), suite], capture_output=True, text=True, check=True
    )
    return DONE.read_text().strip() == now.stdout.strip()


def _call(command: Sequence[str], codes: Sequence[int] = (0,), folder: str | None = None) -> None:
    """Runs a command to its end; raises `CalledProcessError` where it ends with another code than these."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, **QUIET, "PATH": path}
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    if done.returncode not in codes:
        raise subprocess.CalledProcessError(done.returncode, command)

"""Real processes: the grid on two workers is killed, or DVC; Ctrl-C comes in a command's first seconds."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from faults import process, project
from faults.case import Case
from faults.judge import Verdict, ended, visible

SHARE = 0.5
COMMAND = [sys.executable, "-c", "from vidattn.bench.cli.interrupt import main; main()"]
STARTS = (
    0.25  # seconds after which Python itself has certainly started, on a machine with something else to do
)
LINE = "interrupted"
STAGES = """\
stages:
  plan: {cmd: echo made > plan.txt, outs: [plan.txt: {cache: false}]}
  make: {cmd: sleep 2 && echo made > out.txt, outs: [out.txt: {cache: false}]}
"""


def inject(case: Case) -> Verdict:
    """One of the three."""
    return case.random.choice((_interrupted, _interrupted, _grid, _dvc))(case)


def _interrupted(case: Case) -> Verdict:
    """A single line and the status 130, whatever is being imported."""
    case.start("half")
    verdict, words = Verdict(), case.random.choice((["tables"], ["run", project.PROBES[0]], ["data"]))
    begun = subprocess.Popen(
        [*COMMAND, *words], cwd=case.work, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    time.sleep(STARTS + case.random.uniform(0, 1.5))
    begun.send_signal(signal.SIGINT)
    try:
        _, text = begun.communicate(timeout=process.HANGS)
    except subprocess.TimeoutExpired:
        begun.kill()
        begun.communicate()
        verdict.add("hangs", "it goes on after Ctrl-C")
        return verdict
    lines = [line for line in text.splitlines() if "vidattn" in line or "Traceback" in line]
    if begun.returncode == 130 and (len(lines) != 1 or LINE not in lines[0]):
        verdict.add("unclear", text)
    elif begun.returncode not in (0, 130):
        verdict.add("unclear", f"status {begun.returncode}: {text}")
    verdict.add("survived" if begun.returncode == 0 else "healed")
    case.goes_on(verdict, "half")
    return verdict


def _grid(case: Case) -> Verdict:
    """Killed with its workers, which end; the probes are made in the end, once each."""
    case.start("stored")
    verdict, text = Verdict(), (case.work / "params.yaml").read_text()
    only = (
        "  probes:\n  - {dataset: [actors], backbone: [tiny], attention: [none], folds: [1, 2], seeds: [0], "
    )
    only += "architecture: [nearest], protocol: [icip_clean]}\n"
    (case.work / "params.yaml").write_text(text.replace("suites:\n", f"suites:\n{only}", 1))
    words = ["grid", "--jobs", "2", "--suite", "probes"]

    def killed() -> None:
        begun = subprocess.Popen([*COMMAND, *words])
        time.sleep(case.random.uniform(2, 8))
        begun.send_signal(case.random.choice((signal.SIGKILL, signal.SIGINT, signal.SIGTERM)))
        begun.wait()

    done = case.fork(killed)
    if done.hung or done.alive:
        ended(verdict, done)
    verdict.add("healed")
    again = case.fork(lambda: os.execv(COMMAND[0], [*COMMAND, *words]))
    if ended(verdict, again, must=True):
        (case.work / "params.yaml").write_text(text)
        visible(verdict, case.work, case.reference.files["finished"])
    return verdict


def _dvc(case: Case) -> Verdict:
    """`make suite` is killed in the middle of a stage of DVC's; given again, it ends what it began."""
    case.work.mkdir()
    (case.work / "dvc.yaml").write_text(STAGES)
    (case.work / "bin").mkdir()
    (case.work / "bin/vidattn").write_text("#!/bin/sh\n")
    (case.work / "bin/vidattn").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{case.work / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    script, verdict = ["sh", str(project.ROOT / "requirements/suite.sh"), "demo", "1"], Verdict()

    def begun() -> None:
        subprocess.run(["dvc", "init", "--no-scm", "--quiet"], env=environment, check=True)
        suite = subprocess.Popen(script, env=environment, start_new_session=True)
        time.sleep(case.random.uniform(2, 12))
        os.killpg(suite.pid, signal.SIGKILL)
        suite.wait()

    case.fork(begun)
    again = case.fork(lambda: os.execvpe("sh", script, environment))
    if ended(verdict, again, must=True) and (case.work / "out.txt").read_text() != "made\n":
        verdict.add("lost", "the stage's file is not there")
    verdict.add("healed")
    return verdict

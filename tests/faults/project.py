"""A tiny project: twelve clips of the embedded data set, five cells of one run, all made in a second.

It is made once without any disturbance; what it was after each stage is what faults start from, and what must
be there in the end.
"""

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import yaml

from faults import events, process
from vidattn.bench.cli.interrupt import main
from vidattn.bench.tracking.mirror import Mirror

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ["hold_ball", "hold_box", "lower", "raise"]
TRAINED = ("none-frame_average-clean", "cbam-frame_average-clean", "none-temporal_stream-clean")
CELLS = tuple(f"actors-tiny-{name}" for name in (*TRAINED, "none-two_stream-clean"))
PROBES = ("actors-tiny-none-nearest-icip_clean",)
DATA = [["data", step, "actors"] for step in ("fetch", "index", "frames", "flow", "features")]
RUNS = [["run", cell] for cell in (*CELLS, *PROBES)]
STEPS = [["grid", "--select", "tiny"], ["grid", "--check"], *DATA, *RUNS, ["tables"]]
READERS = [["show", CELLS[0]], ["show", PROBES[0]], ["tables", "--show"]]
STAGES = {"raw": 3, "stored": 7, "half": 10, "finished": len(STEPS)}  # steps that were done
VOLATILE = (".verified.jsonl", ".probed.jsonl", "costs.jsonl", "mlflow.db", "mlartifacts", "mlflow.json")
PROTOCOLS = ("clean", "icip_clean")


def settings() -> dict:
    """The committed params.yaml, less what the tiny project does not use."""
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    grid = {"dataset": ["actors"], "backbone": ["tiny"], "folds": [1], "seeds": [0]}
    suites = [
        {"attention": ["none"], "architecture": ["frame_average", "temporal_stream", "two_stream"]},
        {"attention": ["cbam"], "architecture": ["frame_average"]},
        {"attention": ["none"], "architecture": ["nearest"], "protocol": ["icip_clean"]},
    ]
    raw["suites"] = {"tiny": [{**grid, "protocol": ["clean"], **one} for one in suites]}
    raw |= {"suite": "tiny", "complexity": [], "tables": ["costs"], "compare": {}}
    small = {"size": 32, "classes": CLASSES, "groups": 3, "clips_per_group": 1, "frames": 16}
    raw["datasets"] = {"actors": {**raw["datasets"]["actors"], **small}}
    raw["backbones"], raw["attention"] = {"tiny": {}}, {"none": {}, "cbam": {}}
    used = ("frame_average", "temporal_stream", "two_stream", "nearest")
    raw["architectures"] = {name: raw["architectures"][name] for name in used}
    raw["protocols"] = {name: raw["protocols"][name] for name in PROTOCOLS}
    raw["protocols"]["clean"] |= {"epochs": 3, "frames": 6, "size": 32, "batch": 3}
    raw["protocols"]["icip_clean"] |= {"frames": 6, "size": 32, "weights": "random"}
    raw["flows"] = {
        "consecutive": {**raw["flows"]["consecutive"], "method": "dis", "settings": {}, "length": 2}
    }
    return raw


def run(commands: Sequence[list[str]]) -> None:
    """Give commands in this process, one after the other, until one fails: its status is raised."""
    for words in commands:
        try:
            main(words)
        except SystemExit as end:
            if end.code:
                raise


def run_all(commands: Sequence[list[str]]) -> None:
    """Give commands in this process, whatever becomes of each; raises the last status that is not 0."""
    failed = 0
    for words in commands:
        print(f"$ vidattn {' '.join(words)}", flush=True)
        try:
            main(words)
        except SystemExit as end:
            failed = process.exit_status(end) or failed
    raise SystemExit(failed)


class Reference:
    """The project as each stage left it, undisturbed.

    Args:
        home: An empty folder.
    """

    def __init__(self, home: Path) -> None:
        self.home, work = home, home / "work"
        self._events: dict[tuple[str, bool], int] = {}
        self._seconds: dict[str, float] = {}
        self._said: dict[str, str] = {}
        work.mkdir()
        shutil.copytree(ROOT / "results/published", work / "results/published")
        (work / "params.yaml").write_text(yaml.safe_dump(settings(), sort_keys=False))
        done = 0
        for stage, count in STAGES.items():
            commands = STEPS[done:count] + ([["check", "--accept", "first"]] if stage == "finished" else [])
            self._do(commands, work)
            shutil.copytree(work, home / stage, symlinks=True)
            done = count
        for stage in STAGES:  # as it is committed, whatever was run
            shutil.copy(work / "results/reference.csv", home / stage / "results")
        self.seen = self._do(READERS, work)
        self.files = {stage: snapshot(home / stage) for stage in STAGES}

    def _do(self, commands: list[list[str]], folder: Path) -> str:
        """Give commands in a process of its own; what that imports is imported here, for all that follow."""

        def work() -> None:
            run(commands)
            (self.home / "modules.json").write_text(json.dumps(sorted(sys.modules)))

        ended = process.fork(work, folder)
        if ended.code or ended.hung or ended.alive:
            raise RuntimeError(f"the undisturbed project fails ({ended.code}):\n{ended.text}")
        for name in json.loads((self.home / "modules.json").read_text()):
            with contextlib.suppress(ImportError):
                import_module(name)
        return ended.text

    def events(self, stage: str, reads: bool = False) -> int:
        """Number of events of the steps that follow a stage, undisturbed."""
        if (stage, reads) not in self._events:
            self._measure(stage, reads)
        return self._events[stage, reads]

    def seconds(self, stage: str) -> float:
        """CPU seconds of the steps that follow a stage, undisturbed."""
        self.events(stage)
        return self._seconds[stage]

    def said(self, commands: list[list[str]]) -> str:
        """What commands say of the finished project, undisturbed."""
        key = str(commands)
        if key not in self._said:
            work = self.copy("finished", self.home / "read")
            self._said[key] = process.fork(lambda: run_all(commands), work).text
            shutil.rmtree(work)
        return self._said[key]

    def mlflow(self, folder: Path) -> None:
        """Put a database of MLflow without a run into a project: making one takes seconds."""
        made = self.home / "mlflow"
        if not made.exists():
            self.copy("finished", made)
            process.fork(lambda: Mirror(None, "empty"), made)
        shutil.copy(made / "mlflow.db", folder)

    def _measure(self, stage: str, reads: bool) -> None:
        work = self.copy(stage, self.home / "measured")
        steps, noted = STEPS[STAGES[stage] :], self.home / "measured.json"

        def measured() -> None:
            started, number = time.process_time(), events.count(lambda: run(steps), work, reads)
            noted.write_text(json.dumps([number, time.process_time() - started]))

        process.fork(measured, work)
        self._events[stage, reads], self._seconds[stage] = json.loads(noted.read_text())
        shutil.rmtree(work)

    def copy(self, stage: str, folder: Path) -> Path:
        """The project as it was after a stage, in a new folder."""
        return Path(shutil.copytree(self.home / stage, folder, symlinks=True))


def snapshot(folder: Path) -> dict[str, str]:
    """Digest by path of every file of a project that does not change from run to run."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return {
        name: sha256(path.read_bytes()).hexdigest()
        for name, path in sorted(named.items())
        if not any(part in name for part in VOLATILE)
    }

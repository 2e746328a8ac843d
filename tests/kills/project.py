"""A tiny project whose runs train nothing: classes by the nearest mean feature, in a fraction of a second."""

import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import yaml
from faults import project

TESTS = Path(__file__).resolve().parents[1]
CELL = "actors-tiny-none-nearest-icip_clean"
DATA = [["data", step, "actors"] for step in ("fetch", "index", "frames", "features")]
PREPARE = (
    f"from faults.project import run; run({DATA!r})"  # all in one process: each would import the framework
)
MADE = ("run.json", "scores.npz")  # files of a run that are the same however often it is made
MAIN = "from vidattn.bench.cli.interrupt import main; main()"


def settings(runs: int) -> dict:
    """The settings of the tiny project of `faults`, with a suite of so many runs of that cell."""
    raw = project.settings()
    grid = {"dataset": ["actors"], "backbone": ["tiny"], "attention": ["none"], "architecture": ["nearest"]}
    raw["suites"] = {"tiny": [{**grid, "protocol": ["icip_clean"], "folds": [1], "seeds": [*range(runs)]}]}
    return raw


def lay(home: Path, runs: int, cluster: dict | None = None) -> Path:
    """A project with its data prepared, in a new folder; `cluster` is what cluster.yaml says."""
    home.mkdir(parents=True)
    shutil.copytree(project.ROOT / "results/published", home / "results/published")
    (home / "params.yaml").write_text(yaml.safe_dump(settings(runs), sort_keys=False))
    if cluster:
        (home / "cluster.yaml").write_text(yaml.safe_dump(cluster))
    told(home, [sys.executable, "-c", PREPARE])
    return home


def vidattn(home: Path, *words: str) -> str:
    """What a command says, which has to end well."""
    return told(home, command(*words))


def told(home: Path, line: list[str]) -> str:
    """What a process says, which has to end well."""
    done = subprocess.run(line, cwd=home, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise RuntimeError(f"{line[2:]} ended with {done.returncode}: {done.stdout.decode()}")
    return done.stdout.decode()


def command(*words: str) -> list[str]:
    """The command line of this interpreter."""
    return [sys.executable, "-c", MAIN, *words]


def environment() -> dict[str, str]:
    """What a command finds: these tests, wherever it runs, few threads and a quiet framework."""
    paths = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}


def made(home: Path) -> dict[str, list[str]]:
    """Digests of the runs that are in the store, by fold and seed: one for each folder of a run."""
    found: dict[str, list[str]] = {}
    for folder in sorted((home / "data/store/runs" / CELL).glob("*")):
        if (folder / "manifest.json").is_file() and folder.suffix not in (".partial", ".damaged"):
            content = b"".join((folder / name).read_bytes() for name in MADE)
            found.setdefault("-".join(folder.name.split("-")[:2]), []).append(sha256(content).hexdigest())
    return found


def left(home: Path) -> list[str]:
    """What lies in the store that no finished command leaves there."""
    store = home / "data/store"
    found = [path for path in (store / "runs").rglob("*") if ".part" in path.name or ".damaged" in path.name]
    found += list((store / "failed").glob("*"))
    return [path.relative_to(store).as_posix() for path in found]


def emptied(home: Path) -> None:
    """The project without any run."""
    for name in ("runs", "failed"):
        shutil.rmtree(home / "data/store" / name, ignore_errors=True)
    (home / "data/store/grid.json").unlink(missing_ok=True)


def ended(home: Path) -> int:
    """Runs that the grid says have ended; 0 before it began."""
    try:
        return json.loads((home / "data/store/grid.json").read_text())["ended"]
    except (OSError, ValueError, KeyError):
        return 0

"""A grid of trained runs on each engine: the same bytes as on this machine alone."""

import shutil
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from faults import project as tiny
from kills import engines
from kills import project as commands

pytestmark = pytest.mark.battery
MADE = ("predictions.csv", "record.json", "run.json", "scores.npz", "weights.npz")


def made(home: Path) -> dict[str, str]:
    """Digest of every file of a finished run that is the same however often it is made."""
    files = [path for path in (home / "data/store/runs").rglob("*") if path.name in MADE]
    return {
        path.relative_to(home).as_posix(): sha256(path.read_bytes()).hexdigest() for path in sorted(files)
    }


def another(home: Path, folder: Path, cluster: dict | None = None) -> Path:
    """The same project, with its data and without a run."""
    shutil.copytree(home, folder)
    commands.emptied(folder)
    if cluster:
        (folder / "cluster.yaml").write_text(yaml.safe_dump(cluster))
    return folder


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> Path:
    """A tiny project whose five cells this machine has run: two networks, two streams fused, a probe."""
    home = tmp_path_factory.mktemp("engines") / "local"
    shutil.copytree(tiny.ROOT / "results/published", home / "results/published")
    (home / "params.yaml").write_text(yaml.safe_dump(tiny.settings(), sort_keys=False))
    commands.told(home, [sys.executable, "-c", f"from faults.project import run; run({tiny.DATA!r})"])
    commands.vidattn(home, "grid", "--jobs", "1")
    assert len({path.split("/")[3] for path in made(home)}) == 5
    return home


def test_jobs_of_slurm(local, tmp_path):
    pytest.importorskip("submitit", reason="the extra vidattn[slurm] is not installed")
    home = another(local, tmp_path / "slurm", {"engine": "slurm", "slurm": {"executor": "local"}})
    commands.vidattn(home, "grid", "--on", "slurm")
    assert made(home) == made(local)


def test_three_nodes_of_ray(local, tmp_path):
    pytest.importorskip("ray", reason="the extra vidattn[ray] is not installed")
    engine = engines.Ray()
    home = another(local, tmp_path / "ray", engine.cluster(another(local, tmp_path / "nodes")))
    with tempfile.TemporaryDirectory() as logs, engine.up(Path(logs)):  # short: sockets lie below it
        commands.vidattn(home, "grid", "--on", "ray")
    assert made(home) == made(local)

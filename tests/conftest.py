"""Fixtures that every test module may use."""

import os
import random
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

# Before any import of a framework: they keep the tests quiet.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "1")

ROOT = Path(__file__).resolve().parent.parent
# Files of most seconds, which begin: a worker takes one file after another, and a long one must not be last.
LONG = (
    "test_faults.py",
    "test_build_contract.py",
    "test_complexity.py",
    "test_main_job.py",
    "test_build_backends.py",
    "test_second_clone.py",
    "test_own_videos.py",
    "test_tracking.py",
    "test_datasets.py",
    "test_kills.py",
    "test_benchmarks.py",
    "test_architectures.py",
    "test_train.py",
    "test_backbones.py",
    "test_costs.py",
    "test_trainer.py",
    "test_dvc_commands.py",
    "test_bad_clips.py",
    "test_score_cells.py",
    "test_shards.py",
    "test_weights.py",
)


def pytest_sessionstart(session):
    """Threads as runs have them, before any test uses the framework: later they cannot be changed.

    The process that only hands tests out to workers is left alone.
    """
    if not getattr(session.config.option, "numprocesses", None):
        from vidattn.bench.train.reproducible import one_thread

        one_thread()


def pytest_collection_modifyitems(items):
    """Long files first; the others, and the tests of each, in their order."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONG)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """The same seed before every test: weights that a test leaves to chance are those of the last time."""
    random.seed(0)  # from which Keras draws the seeds of what has none, whenever it is imported
    np.random.seed(0)
    if keras := sys.modules.get("keras"):
        keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data, or a skip with the reason."""
    folder = Path(os.environ.get("VIDATTN_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the real data folder at {folder} (set VIDATTN_SHARED)")
    return folder / "data"


@pytest.fixture(scope="session")
def cases(shared) -> Path:
    """The folder of small inputs with known right answers, or a skip."""
    folder = shared.parent / "cases"
    if not folder.is_dir():
        pytest.skip(f"needs the folder of cases at {folder}")
    return folder


@pytest.fixture
def blank(monkeypatch):
    """Zeros where weights would be drawn: counts do not depend on them, and drawing takes seconds."""
    import keras

    for kind in (keras.initializers.VarianceScaling, keras.initializers.Orthogonal):
        monkeypatch.setattr(kind, "__call__", lambda _, shape, dtype=None: keras.ops.zeros(shape, dtype))


def pytest_terminal_summary(terminalreporter):
    """What tests measured: the contract battery's combinations and time, the files that a run passes."""
    seconds = defaultdict(list)
    for report in terminalreporter.getreports("passed"):
        measured = dict(report.user_properties) if report.when == "call" else {}
        if "battery" in measured:
            seconds[measured["battery"]].append(report.duration)
        if "way" in measured:
            files = measured["way"].count(" > ") + 1
            terminalreporter.write_line(f"vidattn run: {files} files to the training step: {measured['way']}")
    for name, values in sorted(seconds.items()):
        terminalreporter.write_line(f"battery: {name}, {len(values)} combinations in {sum(values):.0f} s")

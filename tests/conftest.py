"""Fixtures that every test module may use."""

import os
from collections import defaultdict
from pathlib import Path

import pytest

# Before any import of a framework: the thread counts make runs bit-reproducible, the rest keeps tests quiet.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "1")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data, or a skip with the reason."""
    folder = Path(os.environ.get("VIDATTN_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the real data folder at {folder} (set VIDATTN_SHARED)")
    return folder / "data"


def pytest_terminal_summary(terminalreporter):
    """How many combinations the contract battery went through, and how long that took."""
    seconds = defaultdict(list)
    for report in terminalreporter.getreports("passed"):
        if report.when == "call" and "battery" in (names := dict(report.user_properties)):
            seconds[names["battery"]].append(report.duration)
    for name, values in sorted(seconds.items()):
        terminalreporter.write_line(f"battery: {name}, {len(values)} combinations in {sum(values):.0f} s")

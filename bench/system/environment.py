"""What the numbers are made with: versions, the device, the commit of the code."""

import functools
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

from vidattn.bench.system import gpu

CODE = ("bench", "models", "data", "pyproject.toml", "requirements")
PACKAGES = ("keras", "numpy", "opencv-contrib-python-headless")
BACKENDS = {"tensorflow": ("tensorflow-cpu", "tensorflow"), "jax": ("jax",), "torch": ("torch",)}


@functools.cache
def versions() -> dict[str, str]:
    """Versions of Python and of the installed packages that numbers depend on."""
    found = {"python": platform.python_version()}
    # Only the backend in use: another one that is installed changes no number.
    for package in (*PACKAGES, *BACKENDS[os.environ.get("KERAS_BACKEND", "tensorflow")]):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def git_commit() -> str:
    """Commit that last changed the code, with '+' where the code differs from it, or 'unknown'."""
    try:
        line = ["git", "log", "-1", "--format=%H", "--", *CODE]
        commit = subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()
        status = ["git", "status", "--porcelain", "--", *CODE]
        dirty = subprocess.run(status, capture_output=True, text=True, check=True).stdout.strip()
        return commit[:12] + ("+" if dirty else "") if commit else "unknown"
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


@functools.cache
def device() -> str:
    """The processor (and the GPU, where one is used) that makes the numbers; part of a run's key."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    processor = names[0] if names else platform.processor() or "cpu"
    return ", ".join(filter(None, [processor, gpu.name()]))

"""Python interpreters that a user names: whether they are there, and what they can import."""

import shutil
import subprocess
from collections.abc import Sequence

NEEDED = ("keras", "numpy")


def check(pythons: Sequence[str]) -> None:
    """Raises ValueError at the first that is no interpreter or lacks what every backend needs."""
    script = (
        "import importlib.util as u, sys; print('lacks', *(m for m in sys.argv[1:] if not u.find_spec(m)))"
    )
    for python in pythons:
        if not shutil.which(python):
            raise ValueError(f"--python: there is no program {python}. Name a Python interpreter.")
        done = subprocess.run([python, "-c", script, *NEEDED], capture_output=True, text=True)
        said, *lacking = done.stdout.split() or [""]
        if said != "lacks":
            raise ValueError(f"--python: {python} does not answer as a Python interpreter. Name one.")
        if lacking:
            raise ValueError(
                f"--python: {python} lacks {', '.join(lacking)}. Install it and the backend there."
            )


def find(backend: str, pythons: Sequence[str]) -> str | None:
    """The first interpreter that can import a backend."""
    script = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{backend}') is None)"
    return next((p for p in pythons if subprocess.run([p, "-c", script]).returncode == 0), None)

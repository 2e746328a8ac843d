"""Numbers that an earlier command computed from the same runs by the same code, kept in the store.

They are found by a digest of all that they depend on, so that none is ever out of date: another run, another
line of code or another version of a library is another digest. A damaged file counts as none.
"""

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from vidattn.bench.system import digests
from vidattn.data.files import atomic

ROOT = Path(__file__).resolve().parents[2]
# what reads runs and computes from them, and the plug-ins that say which cells are trained
CODE = (
    "bench/analysis/*.py",
    "bench/results/*.py",
    "bench/config/plugin_files.py",
    "models/architectures/*.py",
)
LIBRARIES = ("numpy", "pandas", "scipy")


class Kept:
    """Values of JSON by digest and key, each computed once.

    Args:
        path: Their file, which need not be there; without one they last as long as this object.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._before = _read(path) if path else {}
        self._values: dict[str, dict[str, Any]] = {}
        self._new = False

    def once(self, scope: str | None, key: list, compute: Callable[[], Any]) -> Any:
        """What was computed before, or else is now.

        Args:
            scope: Of `digest`, of what the value depends on; None where it is not to outlast this object.
            key: Tells it from others of the same scope; of JSON.
            compute: Gives the value, of JSON, which nobody may change.
        """
        values = self._values.setdefault(scope or "", self._before.get(scope or "", {}))
        name = json.dumps(key)
        if name not in values:
            values[name] = compute()
            self._new |= scope is not None
        return values[name]

    def write(self) -> None:
        """Keep what was asked for; the rest is of runs or code that are no more."""
        if self._path and self._new:
            kept = {scope: values for scope, values in self._values.items() if scope}
            text = json.dumps(kept, default=_plain)  # in their order, in which rows may stand
            with suppress(OSError):  # a store that takes no files: the next command computes them again
                atomic.write(self._path, json.dumps({"sha256": _sum(text), "values": text}))


def digest(content: Any) -> str:
    """Stands for what values depend on: this content, of JSON, the code and the libraries."""
    return digests.digest([content, _code()])


@cache
def _code() -> list[str]:
    files = sorted(path for pattern in CODE for path in ROOT.glob(pattern))
    names = [path.relative_to(ROOT).as_posix() for path in files]
    versions = [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    return [platform.python_version(), *versions, *names, *map(digests.file_digest, files)]


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return json.loads(content["values"]) if content["sha256"] == _sum(content["values"]) else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A number of NumPy as one of Python."""
    return value.item()

"""Kinds of faults, one a file: `SHARE`, of a hundred faults, and `inject(case)`: what became of one."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def every() -> dict[str, ModuleType]:
    """The kinds by name."""
    return {found.name: import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)}


def shares(kinds: dict[str, ModuleType], count: int) -> list[str]:
    """The kind of each of `count` faults, by their shares, each at least once where there are enough."""
    total = sum(kind.SHARE for kind in kinds.values())
    wanted = {name: max(1.0, count * kind.SHARE / total) for name, kind in kinds.items()}
    given: list[str] = []
    for number in range(1, count + 1):  # evenly spread: each begins as often as it should by then
        given.append(max(wanted, key=lambda name: wanted[name] * number / count - given.count(name)))
    return given

"""Packages on their floors, who imports whom, and circles: `make graph`; exit status 1 with a circle."""

import graphlib
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
ROOTS = ("vidattn.bench", "vidattn.data", "vidattn.models")


def room(module: str) -> str:
    """The package, or the file beside packages, that a module lies in: the third name of its path."""
    return ".".join(module.split(".")[1:3])


def order(arrows: dict[str, set[str]]) -> list[str]:
    """Names so that each comes after those it imports; exits with the circle where there is one."""
    try:
        return list(graphlib.TopologicalSorter(arrows).static_order())
    except graphlib.CycleError as error:
        sys.exit(f"A circle: {' -> '.join(reversed(error.args[1]))}")


def main() -> None:
    """Print the floors, the highest first."""
    with tempfile.TemporaryDirectory() as place:  # grimp wants folders named like the import path
        package = Path(place) / "vidattn"
        package.mkdir()
        for name in ROOTS:
            (package / name.split(".")[1]).symlink_to(ROOT / name.split(".")[1])
        sys.path.insert(0, place)
        graph = grimp.build_graph(*ROOTS, cache_dir=None)
    modules = {m: set(graph.find_modules_directly_imported_by(m)) - {m} for m in graph.modules}
    order(modules)
    rooms: dict[str, set[str]] = defaultdict(set)
    for module, imported in modules.items():
        rooms[room(module)] |= {room(name) for name in imported} - {room(module)}
    floors: dict[str, int] = {}
    for name in order(rooms):
        floors[name] = 1 + max((floors[below] for below in rooms[name]), default=0)
    for floor in sorted(set(floors.values()), reverse=True):
        for name in sorted(name for name, own in floors.items() if own == floor):
            print(f"{floor:2d}  {name:22s} -> {', '.join(sorted(rooms[name])) or '(nothing of the project)'}")
    arrows = sum(map(len, rooms.values()))
    size = f"{len(modules)} modules in {len(rooms)} packages on {max(floors.values())} floors"
    print(f"{size}, {arrows} arrows, 0 circles")


if __name__ == "__main__":
    main()

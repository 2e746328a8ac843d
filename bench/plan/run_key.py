"""What a run's key is made of: digests of the settings, the data and the code that determine its result.

The package boundary is the cache boundary: the code is whole packages, and the cell's own plug-ins.
"""

import functools
from pathlib import Path

from vidattn.bench.config.cell import Cell
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import cell_data, cell_inputs
from vidattn.bench.plan.cell_kinds import ROOT, fused_from, plugins
from vidattn.bench.plan.cell_settings import settings
from vidattn.bench.system import corrections, digests

# Folders and files of code that every cell runs; tests compare them with what is imported.
SHARED = (
    "bench/train",
    "data/batches",
    "data/datasets/__init__.py",
    "data/shards",
    "models/attention/__init__.py",
    "models/build.py",
    "models/graph",
    "models/hooks.py",
    "models/layers",
    "models/parts",
)
State = tuple[int, int, int, int]  # of a file: size, times of its and its inode's last change, inode


def ingredients(cell: Cell, params: Params) -> dict[str, str]:
    """Digests of the settings, the data and the code that determine the runs of a cell."""
    data = digests.digest_files(data_files(cell, params))
    return {"params": settings_digest(cell, params), "data": data, "code": code_digest(cell, params)}


def settings_digest(cell: Cell, params: Params) -> str:
    """Stands for the settings that a cell's numbers depend on, and those of its streams."""
    return digests.digest([settings(part, params) for part in (cell, *fused_from(cell, params).values())])


@functools.cache
def shared_files() -> tuple[Path, ...]:
    """The source files of `SHARED`, as this process first found them."""
    places = [ROOT / name for name in SHARED]
    return tuple(
        sorted(file for place in places for file in (place.rglob("*.py") if place.is_dir() else (place,)))
    )


def own_files(cell: Cell, params: Params) -> dict[str, Path]:
    """The plug-ins of a cell by axis, and of the data set whose clips its own data set shows."""
    names = cell_data.plugins(cell.dataset, params)
    return {
        **{
            axis: ROOT / "data" / "datasets" / f"{name}.py"
            for axis, name in zip(("dataset", "source"), names)
        },
        **{axis: plugin.path for axis, plugin in plugins(cell, params).items()},
    }


def code_files(cell: Cell, params: Params) -> list[Path]:
    """The source files that a cell's numbers depend on: its plug-ins, its streams' and the shared ones."""
    parts = (cell, *fused_from(cell, params).values())
    own = {file for part in parts for file in own_files(part, params).values()}
    return sorted({*own, *shared_files()}, key=lambda file: file.parts)


def code_digest(cell: Cell, params: Params) -> str:
    """Stands for the code that a cell's numbers depend on."""
    return code_of(code_files(cell, params))


def code_of(files: list[Path]) -> str:
    """Stands for these source files, by their paths in the project, as this process first saw them."""
    return digests.digest([(_name(file), _first_seen(file)[0]) for file in files])


@functools.cache
def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@functools.cache
def _first_seen(file: Path) -> tuple[str, State]:
    """Digest and state of a file when this process first asked, which is before it imports it.

    A file that is edited while runs train is not the code that makes them.
    """
    return corrections.file_digest(file), _state(file)


def _state(file: Path) -> State:
    status = file.stat()
    # an editor, or a copy, may set the first time back; the second it cannot
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def edited(files: list[Path]) -> list[Path]:
    """Those of these source files that were edited since this process first saw them."""
    return [file for file in files if not file.exists() or _state(file) != _first_seen(file)[1]]


def data_files(cell: Cell, params: Params) -> list[Path]:
    """What stands for the data of a cell: the index of its clips, those of its streams, its weights' file.

    Features of a frozen encoder say themselves what weights it had.
    """
    name = cell_data.stored(cell.dataset, params)
    index = Path(params.store) / name / "index.csv"
    sidecars = [path / "index.json" for path in cell_inputs.stream_paths(cell, params).values()]
    for path in [index, *sidecars]:
        if not path.exists():
            raise ParamsError(f"{cell.id} needs {path}, which is not there: vidattn data prepare {name}")
    weights = None if cell_inputs.pool(cell, params) else cell_inputs.weights_file(cell, params)
    return [index, *sidecars, *([weights] if weights else [])]

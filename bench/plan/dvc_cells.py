"""The grid as DVC sees it: cells.json, each cell of the active suite fully resolved from params.yaml."""

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.load import load
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import cell_data, run_key, variation
from vidattn.bench.plan.cell_inputs import feature_settings, flow_settings, frame_settings, reads
from vidattn.bench.plan.cell_kinds import ROOT, fused_from
from vidattn.bench.plan.cell_settings import settings
from vidattn.bench.plan.suites import cells
from vidattn.bench.system import corrections, digests
from vidattn.data.files import atomic

PATH = Path("cells.json")
CODE = "shared_code.json"  # in the store: digests of the code that every cell runs
NOTE = "Made from params.yaml by `vidattn grid --select`: the stages of dvc.yaml. Do not edit."


def grid(params: Params) -> dict:
    """What the stages of dvc.yaml are made of.

    `train` and `fuse` hold the cells that are trained and those that are made from the scores of others;
    `datasets`, and by data set `frames`, `flow_fields` and `encoders`, what these cells read.
    """
    suite = cells(params)
    every = [runs[0].cell for runs in suite.values()]
    entries = {name: _entry(runs, params) for name, runs in suite.items()}
    names = {cell_data.stored(cell.dataset, params) for cell in every}
    return {
        "train": {name: entry for name, entry in entries.items() if "reads" in entry},
        "fuse": {name: entry for name, entry in entries.items() if "reads" not in entry},
        "datasets": {name: {"plugin": cell_data.plugins(name, params)[0]} for name in names},
        "frames": _wanted(every, params, frame_settings),
        "flow_fields": _wanted([c for c in every if reads(c, params) == "flow"], params, flow_settings),
        "encoders": _wanted([c for c in every if reads(c, params) == "features"], params, feature_settings),
    }


def _entry(runs: list[Run], params: Params) -> dict:
    """A cell: where its plug-ins and its data lie, its runs, and all settings that its numbers depend on."""
    cell = runs[0].cell
    source = {stream: part.id for stream, part in fused_from(cell, params).items()}
    if not source:
        source = {"stored": cell_data.stored(cell.dataset, params), "reads": reads(cell, params)}
    return {
        "code": {
            axis: path.relative_to(ROOT).as_posix() for axis, path in run_key.own_files(cell, params).items()
        },
        "runs": [f"{run.fold}-{run.seed}" for run in runs],
        "settings": settings(cell, params),
        **source,
    }


def _wanted(
    readers: list[Cell], params: Params, asked: Callable[[Cell, Params], dict]
) -> dict[str, list[dict]]:
    """The different settings that these cells ask for, by the data set that is stored."""
    wanted: dict[str, list[dict]] = {}
    for cell in readers:
        stored = wanted.setdefault(cell_data.stored(cell.dataset, params), [])
        if asked(cell, params) not in stored:
            stored.append(asked(cell, params))
    return wanted


def text(params: Params) -> str:
    """The content of cells.json. JSON, since DVC reads it anew for every cell and is slow at YAML."""
    return json.dumps({"note": NOTE, "grid": grid(params)}, indent=1, sort_keys=True) + "\n"


def check(params: Params) -> None:
    """Raises `ParamsError` where cells.json is not what params.yaml says, and tells what to run."""
    if not _current(params):
        raise ParamsError(
            f"{PATH} is not what params.yaml says (its suite is '{params.suite}'). Run: "
            f"vidattn grid --select {params.suite}"
        )


def follow(params: Params) -> None:
    """Within a stage: bring cells.json up to date where the stages stay the same; else as `check`.

    `dvc exp run -S` sets a value after DVC was started. Values of cells it reads when it comes to them; which
    stages there are it has read by then.
    """
    if _current(params):
        return
    same = False
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        written = json.loads(PATH.read_text(encoding="utf-8"))
        same = _stages(written["grid"]) == _stages(grid(params))
    if same:
        atomic.write(PATH, text(params))
    check(params)


def _stages(grid: dict) -> dict:
    """What DVC makes stages from: all but the settings and runs of cells."""
    cells = {part: {name: _stage(entry) for name, entry in grid[part].items()} for part in ("train", "fuse")}
    return {**grid, **cells}


def _stage(entry: dict) -> dict:
    return {key: value for key, value in entry.items() if key not in ("settings", "runs")}


def _current(params: Params) -> bool:
    """Whether cells.json is what params.yaml says, byte by byte: a damaged one need not be text."""
    return PATH.is_file() and PATH.read_bytes() == text(params).encode()


def write_code(params: Params) -> Path:
    """Write the digests of the code that every cell runs; DVC's stages depend on this one file."""
    path = Path(params.store) / CODE
    shared = run_key.shared_files()
    files = {file.relative_to(ROOT).as_posix(): corrections.file_digest(file) for file in shared}
    digests.write_json(path, files)
    return path


def select(params_path: Path, suite: str | None, changes: Sequence[str] = ()) -> None:
    """Make a suite the active one, if any, and set values, each `key=value`; then write cells.json."""
    before = params_path.read_text(encoding="utf-8")
    after = re.sub(r"(?m)^suite: *[a-z0-9_]+", f"suite: {suite}", before, count=1) if suite else before
    for change in changes:
        if change.partition("=")[0].strip() == "suite":
            raise ParamsError("The suite is switched by its own option: vidattn grid --select <suite>")
        after = variation.changed(after, change)
    params = load(params_path, text=after)
    if after != before:
        atomic.write(params_path.resolve(), after)
    if not _current(params):
        atomic.write(PATH, text(params))

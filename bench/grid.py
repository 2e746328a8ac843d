"""The grid as DVC sees it: cells.yaml, derived from the active suite of params.yaml."""

import re
from collections.abc import Callable
from pathlib import Path

import yaml

from vidattn.bench.cell import Cell, cells
from vidattn.bench.encode import feature_settings, frame_settings
from vidattn.bench.fuse import STREAMS, is_fused
from vidattn.bench.inputs import ROOT, flow_settings, plugin_path, plugin_streams
from vidattn.bench.params import Params, load
from vidattn.data import atomic

PATH = Path("cells.yaml")
NOTE = "# Made from params.yaml by `vidattn grid --select`: the stages of dvc.yaml. Do not edit.\n"
COORDINATES = ("dataset", "backbone", "attention", "architecture", "protocol")
GROUPS = ("rgb", "flow", "fused", "features")


def group(cell: Cell, params: Params) -> str:
    """Which stage runs a cell: split by what it reads, so that a change of flow leaves RGB cells alone."""
    if is_fused(cell):
        return "fused"
    if params.protocols[cell.protocol].encoder == "frozen":
        return "features"
    return "flow" if "flow" in plugin_streams(cell.architecture) else "rgb"


def grid(params: Params) -> dict:
    """Cells by group with their coordinates, and the frames and flow that they need, by data set."""
    found: dict = {name: {} for name in GROUPS}
    for cell_id, runs in cells(params).items():
        cell = runs[0].cell
        coordinates = {k: getattr(cell, k) for k in COORDINATES}
        if is_fused(cell):
            coordinates |= {stream: cell.with_(architecture=name).id for stream, name in STREAMS.items()}
        kind = group(cell, params)
        coordinates["runs"] = [f"{run.fold}-{run.seed}" for run in runs]
        if kind == "features":
            coordinates["code"] = plugin_path(cell.architecture).relative_to(ROOT).as_posix()
        found[kind][cell_id] = coordinates
    every = [Cell(**{k: c[k] for k in COORDINATES}) for name in GROUPS for c in found[name].values()]
    found["datasets"] = {c.dataset: {} for c in every}
    found["frames"] = _wanted(every, lambda c: frame_settings(c, params))
    moving = [
        c
        for c in every
        if params.protocols[c.protocol].encoder == "trained" and "flow" in plugin_streams(c.architecture)
    ]
    frozen = [c for c in every if params.protocols[c.protocol].encoder == "frozen"]
    found["encoders"] = _wanted(frozen, lambda c: feature_settings(c, params))
    found["flow_fields"] = _wanted(moving, lambda c: flow_settings(c, params))
    return found


def _wanted(chosen: list[Cell], settings: Callable[[Cell], dict]) -> dict[str, list[dict]]:
    """The different settings that these cells ask for, by data set."""
    found: dict[str, list[dict]] = {}
    for cell in chosen:
        asked = settings(cell)
        if asked not in found.setdefault(cell.dataset, []):
            found[cell.dataset].append(asked)
    return found


def text(params: Params) -> str:
    """The content of cells.yaml."""
    return NOTE + yaml.safe_dump({"grid": grid(params)}, sort_keys=True)


def select(params_path: Path, suite: str) -> None:
    """Make `suite` the active one: the `suite:` line of params.yaml, and cells.yaml."""
    chosen = load(params_path, suite=suite)
    changed = re.sub(
        r"(?m)^suite: *[a-z0-9_]+", f"suite: {suite}", params_path.read_text(encoding="utf-8"), count=1
    )
    if changed != params_path.read_text(encoding="utf-8"):
        atomic.write(params_path, changed)
    if not PATH.exists() or PATH.read_text(encoding="utf-8") != text(chosen):
        atomic.write(PATH, text(chosen))

"""Memory that missing runs will take, predicted from committed counts, against what each of them has.

A prediction warns and refuses nothing: a run that does not fit is recorded like any other that failed.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vidattn.bench.config.cell import RESULTS
from vidattn.bench.plan.run_plan import RunPlan
from vidattn.bench.results import files as reading
from vidattn.bench.runner.engines import Engine

BASE_GB = 0.8  # of a process that has a framework and no model: `base_mb` of results/benchmarks/costs.csv
# Copies of a head's weights at a checkpoint, the most that was measured (206 million weights took 11.8 GB):
# weights, gradients, what the optimiser keeps, the start, the best so far, and what is written.
HEAD_COPIES = 13
COUNTED = (
    "backbone",
    "attention",
    "architecture",
    "parameters",
    "trainable",
    "activations",
    "size",
    "frames",
)
AGAIN = "Count again: vidattn complexity"


def told(plans: Iterable[RunPlan], jobs: int | None, engine: Engine, results: Path = RESULTS) -> list[str]:
    """A line for each cell whose runs are predicted not to fit, with the setting that makes them fit.

    Args:
        plans: The runs that are missing.
        jobs: Runs at a time; as many as the engine has room for where it is None.
        engine: Where they are made.
        results: Its `complexity` has what was counted; a model that was not counted is passed over.
    """
    counts = _counts(results)
    lines: dict[str, str] = {}
    for plan in plans:
        wanted = predicted(plan, counts) if plan.network and not plan.parts else None
        if wanted is None or engine.room is None:
            continue
        room = engine.room(engine.settings, jobs, wanted)
        if room and wanted > room[0]:
            cell = plan.run.cell
            lines[cell.id] = (
                f"{cell.id}: a step of {plan.protocol.batch} clips takes about {wanted:.1f} GB, "
                f"and a run has {room[0]:.1f}. {room[1]}"
            )
    return list(lines.values())


def predicted(plan: RunPlan, counts: list[dict[str, Any]]) -> float | None:
    """GB that a step of training takes; None where nothing like its model was counted.

    Float32 weights, gradients, one slot of the optimiser and the activations of a batch, which grow with the
    area of a frame and with the frames that a step reads of a clip.
    """
    cell, protocol = plan.run.cell, plan.protocol
    if protocol.encoder == "frozen":
        return _flat(plan, counts) if plan.pool == "flat" else None  # others are small
    frames = protocol.train_frames or protocol.frames
    for name in (cell.architecture, "image"):
        for found in counts:
            same = (found["backbone"], found["attention"], found["architecture"])
            if same == (cell.backbone, cell.attention, name) and (found["frames"] or name == "image"):
                scale = (plan.size / found["size"]) ** 2 * frames / (found["frames"] or 1)
                elements = found["parameters"] + 2 * found["trainable"]
                elements += protocol.batch * scale * found["activations"]
                return BASE_GB + 4 * elements / 1e9
    return None


def _flat(plan: RunPlan, counts: list[dict[str, Any]]) -> float | None:
    """GB of a head on flat features, whose weights are nearly all of the first layer: in proportion to D."""
    index = plan.streams["features"] / "index.json"
    if "units" in plan.architecture_params or not index.is_file():
        return None  # another head than the one that was counted, or the run will say what it lacks
    width = math.prod(
        reading.record(index, ("shape",), "Make the features again: vidattn data features")["shape"]
    )
    for found in counts:
        if found["architecture"] == plan.run.cell.architecture and found.get("from_features"):
            parameters = found["parameters"] * width / found["from_features"]
            return BASE_GB + 4 * HEAD_COPIES * parameters / 1e9
    return None


def _counts(results: Path) -> list[dict[str, Any]]:
    return [reading.record(path, COUNTED, AGAIN) for path in sorted((results / "complexity").glob("*.json"))]


def side_by_side(available_gb: float, jobs: int, wanted_gb: float) -> tuple[float, str]:
    """GB that each of so many runs on one machine has, and what makes room for runs that want more."""
    fit = math.floor(available_gb / wanted_gb)
    advice = f"--jobs {fit} fits." if fit else f"This machine has {available_gb:.1f} GB free: take another."
    return available_gb / jobs, advice


def available_gb() -> float:
    """Memory of this machine that is free for runs (Linux; elsewhere all that is needed)."""
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        free = int(lines["MemAvailable"].split()[0]) * 1024 / 1e9
        limit = Path("/sys/fs/cgroup/memory.max")
        given = limit.read_text().strip() if limit.is_file() else "max"
        return free if given == "max" else min(free, int(given) / 1e9)
    except (OSError, ValueError, KeyError):
        return math.inf

"""What a large grid costs and how long it takes on one worker and on many: a simulation from measured times.

The grid is both streams and their fusion on full UCF101 and HMDB51, every attention of the published
comparison, three splits and several seeds, and the same with more seeds. Time on a core comes from the
forward pass that was measured of the backbone; a run's seconds differ as those of stored runs did.
"""

import heapq
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from vidattn.bench.config.schema import Params
from vidattn.bench.plan.cell_kinds import fused_from
from vidattn.bench.plan.suites import cells
from vidattn.bench.results import files as reading
from vidattn.bench.results import study_code
from vidattn.data import datasets
from vidattn.data.files import atomic

SUITE, SEEDS, MANY = "two_stream", 5, 10_000  # seeds of each fold; runs of the larger grid
WORKERS = (1, 8, 64)
SIDES = {"ucf101": (9537, 3783), "hmdb51": (3570, 1530)}  # clips of official split 1: training, test
HELD_OUT = 0.2  # of the training clips, that validation takes
BACKWARD = 2.0  # times the operations of the forward pass
FAILS = 0.02  # of runs, assumed: at any time of theirs, and from nothing again
GPU_TFLOPS = 2.0  # that a GPU keeps up, assumed: none was measured
RUNS_PER_WORKER = 8  # before a process is replaced
REPEATS, SEED = 20, 0
MEASURED = ("costs.csv", "benchmarks.csv", "engines.csv", "run_times.csv")
FLOW_PIXELS = (224 / 112) ** 2  # seconds of flow were measured at 112 pixels
QUANTILES = np.linspace(0, 1, 21)
LEAST = 6  # stored runs of a cell, for their spread
COLUMNS = ["grid", "runs", "device", "workers", "device_hours", "prepare_core_hours", "store_gb"]
COLUMNS += ["wall_hours", "wall_hours_95", "failed", "busy"]


@dataclass(frozen=True)
class Rates:
    """What was measured: operations a second of a core, the spread of seconds, seconds that a worker starts,
    core seconds a clip of decoding and flow, bytes a clip of flow."""

    core_flops: float
    spread: np.ndarray
    start: float
    prepare: float
    flow_bytes: float


def times(store: Path, path: Path) -> pd.DataFrame:
    """Quantiles of the seconds of stored runs over the median of their cell, written to `path`.

    Args:
        store: Its finished runs have the seconds that they took.
        path: The csv to write.
    """
    seconds: dict[str, list[float]] = defaultdict(list)
    for file in sorted(store.glob("runs/*/*/timing.json")):
        seconds[file.parent.parent.name].append(json.loads(file.read_text("utf-8"))["train_seconds"])
    kept = {cell: np.array(found) for cell, found in seconds.items() if len(found) >= LEAST}
    if not kept:
        raise ValueError(f"{store} has no cell of {LEAST} finished runs, whose seconds could be compared.")
    relative = np.concatenate([found / np.median(found) for found in kept.values()])
    values = np.quantile(relative, QUANTILES)
    counts = {"cells": len(kept), "runs": len(relative)}
    frame = pd.DataFrame({"quantile": QUANTILES, "relative": values, **counts})
    atomic.write(path, frame.to_csv(index=False, lineterminator="\n", float_format="%.4g"))
    return frame


def write(params: Params, results: Path, path: Path, tell: Callable[[str], None]) -> pd.DataFrame:
    """Simulates both grids on cores and on GPUs, and writes the table; one without rows where nothing was
    measured, as in a new project."""
    absent = [name for name in MEASURED if not (results / "benchmarks" / name).is_file()]
    if absent:
        tell(f"Not simulated: results/benchmarks has no {', '.join(absent)} (vidattn bench).")
        atomic.write(path, ",".join(COLUMNS) + "\n")
        return pd.DataFrame(columns=COLUMNS)
    flops = _flops(results)
    rates = _rates(results, set(flops))
    runs = _runs(params, flops)
    clips = sum(datasets.load(name).official_size for name in SIDES)
    protocol = params.protocols["thesis_clean"]
    frame_bytes = protocol.frames * int(protocol.size) ** 2 * 3
    once = {
        "prepare_core_hours": clips * rates.prepare / 3600,
        "store_gb": clips * (frame_bytes + rates.flow_bytes) / 1e9,
    }
    rows = [
        {"grid": grid, "runs": len(operations), "device": device, "workers": workers}
        | _simulated(operations / speed, workers, rates, once)
        for grid, operations in {"five seeds": runs, "many": np.resize(runs, MANY)}.items()
        for device, speed in (("core", rates.core_flops), ("gpu", GPU_TFLOPS * 1e12))
        for workers in WORKERS
    ]
    table = study_code.stamped(pd.DataFrame(rows)[COLUMNS], "schedule")
    atomic.write(path, table.to_csv(index=False, lineterminator="\n", float_format="%.5g"))
    return table


def _simulated(seconds: np.ndarray, workers: int, rates: Rates, once: dict[str, float]) -> dict[str, float]:
    """What runs of so many seconds take, by simulation; `once` is what is prepared before, and kept."""
    rng = np.random.default_rng([SEED, workers, len(seconds)])
    drawn = [wall(seconds, workers, rates, rng) for _ in range(REPEATS)]
    walls, failed, used = (np.array(values) for values in zip(*drawn))
    hours = walls / 3600 + once["prepare_core_hours"] / workers  # a core goes with each device
    return once | {
        "device_hours": used.mean() / 3600,
        "wall_hours": np.median(hours),
        "wall_hours_95": np.quantile(hours, 0.95),
        "failed": failed.mean(),
        "busy": (used / walls / workers).mean(),
    }


def _runs(params: Params, flops: dict[str, float]) -> np.ndarray:
    """Operations of every run of the grid; a fused one has none worth counting."""
    found: list[float] = []
    for planned in cells(params, SUITE).values():
        cell = planned[0].cell
        protocol = params.protocols[cell.protocol]
        train, test = SIDES[cell.dataset]
        held_out = HELD_OUT * train if protocol.validation != "none" else 0
        seen = protocol.epochs * (train - held_out) * (protocol.train_frames or protocol.frames)
        scored = (protocol.epochs * held_out + test) * protocol.frames
        operations = ((1 + BACKWARD) * seen + scored) * flops[cell.attention]
        folds = len({run.fold for run in planned})
        found += [0.0 if fused_from(cell, params) else operations] * folds * SEEDS
    return np.array(found)


def _flops(results: Path) -> dict[str, float]:
    """Operations of a frame by attention, as `vidattn complexity` counted them."""
    found: dict[str, float] = {}
    for path in sorted((results / "complexity").glob("mobilenet_v2-*-image-100.json")):
        record = reading.record(path, ("attention", "flops"), "Count again: vidattn complexity")
        found[record["attention"]] = float(record["flops"])
    return found


def _rates(results: Path, attentions: set[str]) -> Rates:
    folder = results / "benchmarks"
    costs = reading.table(folder / "costs.csv", ["model", "latency_ms"], "vidattn bench costs")
    counted, models = _flops(results), {f"mobilenet_v2-{name}-image-100": name for name in attentions}
    measured = costs[costs["model"].isin(list(models))]
    operations = sum(counted[models[model]] for model in measured["model"])
    speed = reading.table(folder / "benchmarks.csv", ["name", "ours"], "vidattn bench speed")
    speed = speed.set_index("name")
    engine = reading.table(folder / "engines.csv", ["engine", "start_seconds"], "vidattn bench engines")
    spread = reading.table(folder / "run_times.csv", ["relative"], "vidattn bench times")
    return Rates(
        core_flops=operations / (measured["latency_ms"].sum() / 1e3),
        spread=spread["relative"].to_numpy(),
        start=float(engine.set_index("engine").loc["local", "start_seconds"]),
        prepare=float(speed.loc["flow_job", "ours"]) * FLOW_PIXELS,
        flow_bytes=float(speed.loc["storage_thesis", "ours"]),
    )


def wall(
    seconds: np.ndarray, workers: int, rates: Rates, rng: np.random.Generator
) -> tuple[float, int, float]:
    """Wall seconds of runs on so many workers, those that failed, and seconds that all workers were busy.

    A run goes to the worker that is free first. One that fails goes to the end; a worker starts anew after
    it, and after some runs.
    """
    drawn = seconds * np.interp(rng.random(len(seconds)), QUANTILES, rates.spread)
    waiting = list(drawn[::-1])
    free = [(rates.start, number, 0) for number in range(workers)]  # when, which, runs of its process
    end = used = failed = 0.0
    retried: list[float] = []
    while waiting or retried:
        length = waiting.pop() if waiting else retried.pop(0)
        at, number, made = heapq.heappop(free)
        fails = length > 0 and rng.random() < FAILS
        took = length * rng.random() if fails else length
        if fails:
            retried.append(length)
            failed += 1
        again = fails or made + 1 >= RUNS_PER_WORKER
        used += took
        end = max(end, at + took)
        heapq.heappush(free, (at + took + rates.start * again, number, 0 if again else made + 1))
    return end, int(failed), used

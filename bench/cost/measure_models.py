"""Measured costs of the models that params.yaml lists under `complexity`: each in a process of its own.

Seconds and memory differ from machine to machine, so they are kept apart from the counts.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from vidattn.bench.results import files as reading
from vidattn.bench.results import study_code
from vidattn.bench.system import environment, peak_memory
from vidattn.data.files import atomic

COLUMNS = ["model", "size", "frames", "parameters", "base_mb", "build_seconds", "build_mb"]
COLUMNS += ["latency_ms", "latency_ms_low", "latency_ms_high", "repeats"]
COLUMNS += ["step_mb", "batch", "batch_mb", "batch_seconds", "device", "left_out"]
WHOLE = ("size", "frames", "parameters", "repeats", "batch")
STEPS = ("batch", "step")
REPEATS = 3  # processes; the latency differs more between them than between the passes of one
PASSES = 5
TFLOPS = 0.5  # more than this in one training step is left out: minutes on one thread


def run(
    specs: Iterable[tuple[str, dict]],
    folder: Path,
    path: Path,
    limit_gb: float,
    tell: Callable[[str], None],
) -> pd.DataFrame:
    """Measures the models that the table does not hold, one after the other, and writes it after each.

    Rows stay until their model is measured again: those of an older form, without repeats, are.

    Args:
        specs: Ids and what `counts` builds them from.
        folder: Records of `vidattn complexity`; their estimates say which steps would not fit.
        path: The csv to write.
        limit_gb: Memory that a training step may take by the estimate.
        tell: Takes a line for every model.
    """
    wanted, rows, done = dict(specs), {}, set()
    if path.is_file():
        table = reading.table(path, ["model"], "Delete it, then run this again.")
        rows = {row["model"]: row for row in table.to_dict("records") if row["model"] in wanted}
        done = set(rows) if set(COLUMNS) <= set(table.columns) else set()
    records = {name: _counts(folder / f"{name}.json") for name in wanted if name not in done}
    for name, record in records.items():
        spec = wanted[name]
        row: dict[str, Any] = {"model": name, "parameters": record["parameters"]}
        row["device"] = environment.device()
        row |= {"batch": spec.get("batch", 16), **{key: spec.get(key) for key in ("size", "frames")}}
        rows[name] = row | measured(spec, reasons(record, row["batch"], limit_gb))
        _write(path, [rows[model] for model in wanted if model in rows])
        tell(", ".join(f"{key} {value}" for key, value in rows[name].items()))
    return pd.DataFrame([rows[model] for model in wanted], columns=COLUMNS)


def _counts(path: Path) -> dict:
    """What was counted of a model."""
    keys = ("parameters", "flops", "train_memory_mb", "train_memory_mb_batch")
    return reading.record(path, keys, "Count the models first: vidattn complexity")


def _write(path: Path, rows: list[dict]) -> None:
    table = pd.DataFrame(rows, columns=[*COLUMNS, study_code.COLUMN]).astype(dict.fromkeys(WHOLE, "Int64"))
    table = study_code.stamped(table, "costs")
    atomic.write(path, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))


def reasons(record: dict, batch: int, limit_gb: float) -> dict[str, str]:
    """Why a training step of one sample or of the recipe's batch is left out; empty where it is not."""
    found = {}
    for what, count, key in (("step", 1, "train_memory_mb"), ("batch", batch, "train_memory_mb_batch")):
        tera = 3 * count * record["flops"] / 1e12  # backwards costs twice what forwards does
        if record[key] > 1000 * limit_gb:
            found[what] = f"{what}: estimated {record[key] / 1000:.0f} GB, over {limit_gb:g}"
        elif tera > TFLOPS:
            found[what] = f"{what}: about {tera:.1f} TFLOPs, over {TFLOPS:g}"
    return found


def measured(spec: dict, left_out: dict[str, str]) -> dict[str, Any]:
    """Runs `one` in new processes, all but the first for the latency alone; one that died is said so.

    Returns:
        What the first measured; of the latency the median over the processes, least and greatest.
    """
    why, times = list(left_out.values()), []
    row: dict[str, Any] = {}
    for repeat in range(REPEATS):
        without = sorted({*left_out, *(STEPS if repeat else ())})
        command = [sys.executable, "-m", "vidattn.bench.cost.measure_models", json.dumps([spec, without])]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            why.append(f"the process ended with {done.returncode}: {done.stderr.strip()[-200:]}")
            break
        found = json.loads(done.stdout.splitlines()[-1])
        times.append(found["latency_ms"])
        row = row or found
    if times:
        row |= {"latency_ms": statistics.median(times), "repeats": len(times)}
        row |= {"latency_ms_low": min(times), "latency_ms_high": max(times)}
    return row | {"left_out": "; ".join(why)}


def one(spec: dict, left_out: list[str]) -> dict[str, float]:
    """Builds a model and measures this process: seconds, and largest resident size in MB of every part.

    Latency is the median of several passes of one sample on one thread, as a graph, after a first pass. A
    training step is the second of two of SGD with momentum, the first of which builds the graph. Seconds are
    those of the processor: on one thread an idle machine's clock shows the same, a busy one's shows more.
    """
    from vidattn.bench.train import reproducible

    reproducible.one_thread()
    keras = reproducible.quiet_keras()
    from vidattn.bench.cost import complexity

    base = peak_memory.memory_mb()
    start = time.process_time()
    model = complexity.built(spec)
    found = {"base_mb": base, "build_seconds": round(time.process_time() - start, 2)}
    found["build_mb"] = peak_memory.memory_mb()
    found["latency_ms"] = round(1e3 * latency(keras, model), 3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1e-3, momentum=0.9), loss, jit_compile=False)
    for what, batch in (("step", 1), ("batch", spec.get("batch", 16))):
        if what not in left_out:
            peak_memory.reset()
            for _ in range(2):
                start = time.process_time()
                model.train_on_batch(streams(keras, model, batch), keras.ops.zeros(batch, "int32"))
            found[f"{what}_mb"] = peak_memory.memory_mb()
            found[f"{what}_seconds"] = round(time.process_time() - start, 4)
    return found


def streams(keras: Any, model: Any, batch: int) -> dict[str, Any]:
    """Inputs of zeros."""
    return {name: keras.ops.zeros((batch, *t.shape[1:])) for name, t in model.input.items()}


def latency(keras: Any, model: Any) -> float:
    """Median seconds of one forward pass of one sample."""
    clip, times = streams(keras, model, 1), []
    for _ in range(PASSES + 1):
        start = time.process_time()
        model.predict_on_batch(clip)
        times.append(time.process_time() - start)
    return statistics.median(times[1:])


if __name__ == "__main__":
    print(json.dumps(one(*json.loads(sys.argv[1]))))

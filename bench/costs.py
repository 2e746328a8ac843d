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

from vidattn.bench import peak
from vidattn.data import atomic

COLUMNS = ["model", "size", "frames", "parameters", "base_mb", "build_seconds", "build_mb", "latency_ms"]
COLUMNS += ["step_mb", "batch", "batch_mb", "left_out"]
PASSES = 5
TFLOPS = 0.5  # more than this in one training step is left out: minutes on one thread


def run(
    specs: Iterable[tuple[str, dict]],
    folder: Path,
    path: Path,
    limit_gb: float,
    tell: Callable[[str], None],
) -> pd.DataFrame:
    """Measures model after model and writes the table after each; models that it holds already are kept.

    Args:
        specs: Ids and what `counts` builds them from.
        folder: Records of `vidattn complexity`; their estimates say which steps would not fit.
        path: The csv to write.
        limit_gb: Memory that a training step may take by the estimate.
        tell: Takes a line for every model.
    """
    known = pd.read_csv(path).set_index("model", drop=False) if path.is_file() else None
    rows: list[dict[str, Any]] = []
    for name, spec in specs:
        if known is not None and name in known.index:
            rows.append(known.loc[name].to_dict())
            continue
        record = json.loads((folder / f"{name}.json").read_text())
        row = {"model": name, "parameters": record["parameters"], "batch": spec.get("batch", 16)}
        row |= {key: spec.get(key) for key in ("size", "frames")}
        rows.append(row | measured(spec, reasons(record, row["batch"], limit_gb)))
        tell(", ".join(f"{key} {value}" for key, value in rows[-1].items()))
        table = pd.DataFrame(rows, columns=COLUMNS).astype({"frames": "Int64"})
        atomic.write(path, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))
    return pd.DataFrame(rows, columns=COLUMNS)


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
    """Runs `one` in a new process; a process that died is a row that says so."""
    command = [sys.executable, "-m", "vidattn.bench.costs", json.dumps([spec, sorted(left_out)])]
    done = subprocess.run(command, capture_output=True, text=True)
    why = list(left_out.values())
    if done.returncode:
        why.append(f"the process ended with {done.returncode}: {done.stderr.strip()[-200:]}")
        return {"left_out": "; ".join(why)}
    return json.loads(done.stdout.splitlines()[-1]) | {"left_out": "; ".join(why)}


def one(spec: dict, left_out: list[str]) -> dict[str, float]:
    """Builds a model and measures this process: seconds, and largest resident size in MB of every part.

    Latency is the median of several passes of one sample on one thread, as a graph, after a first pass. A
    training step is the second of two of SGD with momentum, the first of which builds the graph.
    """
    from vidattn.bench import train

    train.one_thread()
    keras = train.quiet_keras()
    from vidattn.bench import complexity

    base = peak.memory_mb()
    start = time.perf_counter()
    model = complexity.built(spec)
    found = {"base_mb": base, "build_seconds": round(time.perf_counter() - start, 2)}
    found["build_mb"] = peak.memory_mb()
    found["latency_ms"] = round(1e3 * latency(keras, model), 3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1e-3, momentum=0.9), loss, jit_compile=False)
    for what, batch in (("step", 1), ("batch", spec.get("batch", 16))):
        if what not in left_out:
            peak.reset()
            for _ in range(2):
                model.train_on_batch(streams(keras, model, batch), keras.ops.zeros(batch, "int32"))
            found[f"{what}_mb"] = peak.memory_mb()
    return found


def streams(keras: Any, model: Any, batch: int) -> dict[str, Any]:
    """Inputs of zeros."""
    return {name: keras.ops.zeros((batch, *t.shape[1:])) for name, t in model.input.items()}


def latency(keras: Any, model: Any) -> float:
    """Median seconds of one forward pass of one sample."""
    clip, times = streams(keras, model, 1), []
    for _ in range(PASSES + 1):
        start = time.perf_counter()
        model.predict_on_batch(clip)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


if __name__ == "__main__":
    print(json.dumps(one(*json.loads(sys.argv[1]))))

"""Finished runs in a content-addressed store, filled by as many workers as there are cores.

The key of a run is a digest of everything that determines its result: coordinates, parameters, data,
code and versions. A stage then finds its results here and only records them.
"""

import functools
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from vidattn.bench import files
from vidattn.bench.cell import Cell, Run
from vidattn.bench.params import Params, ParamsError
from vidattn.bench.records import device, versions
from vidattn.data import atomic

ROOT = Path(__file__).resolve().parent.parent
# Shared code that every number depends on. Tests compare it with dvc.yaml, and with what the plug-ins import.
SHARED = (
    "models/attention/__init__.py",
    "models/blocks.py",
    "models/build.py",
    "models/clips.py",
    "models/cost.py",
    "models/encoder.py",
    "models/gating.py",
    "models/inflated.py",
    "models/layers.py",
    "models/masking.py",
    "models/recurrence.py",
    "models/reductions.py",
    "models/resize.py",
    "models/self_attention.py",
    "models/surgery.py",
    "models/temporal.py",
    "models/weights.py",
    "data/augment.py",
    "data/datasets/__init__.py",
    "data/folds.py",
    "data/pack.py",
    "data/pipeline.py",
    "data/shards.py",
    "data/stacks.py",
    "bench/checkpoint.py",
    "bench/evaluate.py",
    "bench/fuse.py",
    "bench/inputs.py",
    "bench/losses.py",
    "bench/metrics.py",
    "bench/optimizers.py",
    "bench/train.py",
)
RESULT_FILES = {"record.json": "records", "predictions.csv": "predictions", "timing.json": "timings"}
SUFFIX = {"records": ".json", "predictions": ".csv", "timings": ".json"}


def code_files(cell: Cell) -> list[Path]:
    """The source files that a cell's numbers depend on: its own plug-ins and the shared ones."""
    from vidattn.bench.fuse import STREAMS, is_fused
    from vidattn.bench.inputs import plugin_path

    names = (
        f"models/backbones/{cell.backbone}",
        f"models/attention/{cell.attention}",
        f"data/datasets/{cell.dataset}",
    )
    architectures = [cell.architecture, *(STREAMS.values() if is_fused(cell) else ())]
    own = [ROOT / f"{name}.py" for name in names] + [plugin_path(name) for name in architectures]
    return [*(path for path in own if path.exists()), *(ROOT / name for name in SHARED)]


def ingredients(run: Run, params: Params) -> dict[str, str]:
    """Digests of the parameters, the data and the code that determine a run."""
    cell = run.cell
    data = data_digest(cell, params)
    return {"params": settings_digest(cell, params), "data": data, "code": code_digest(cell)}


def code_digest(cell: Cell) -> str:
    """Stands for the code that a cell's numbers depend on."""
    return files.digest([(path.name, _loaded(path)) for path in sorted(code_files(cell))])


def settings_digest(cell: Cell, params: Params) -> str:
    """Stands for the settings of params.yaml that a cell's numbers depend on."""
    from vidattn.bench.fuse import STREAMS, is_fused
    from vidattn.bench.inputs import plugin_streams

    protocol = params.protocols[cell.protocol]
    sections = {
        "backbone": params.backbones[cell.backbone],
        "attention": params.attention[cell.attention],
        "architecture": params.architectures[cell.architecture],
        "protocol": {k: v for k, v in protocol.settings().items() if k != "flow"},
        "dataset": params.datasets[cell.dataset],
    }
    if "flow" in plugin_streams(cell.architecture):
        sections["flow"] = vars(params.flows[protocol.flow])
    if is_fused(cell):  # its scores are made from theirs
        sections["streams"] = [params.architectures[name] for name in STREAMS.values()]
    return files.digest(sections)


@functools.cache
def _loaded(path: Path) -> str:
    """Digest of a file when this process first asked, which is before it imports it.

    A file that is edited while runs train is not the code that makes them.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


def data_digest(cell: Cell, params: Params) -> str:
    """Stands for the clips (index), the stored streams that a cell reads and the weights it starts from.

    Features of a frozen encoder say themselves what weights it had.
    """
    from vidattn.bench import encode
    from vidattn.bench.inputs import stream_paths

    store = Path(params.store)
    paths = stream_paths(cell, params)
    index = store / cell.dataset / "index.csv"
    sidecars = [path / "index.json" for path in paths.values()]
    for path in [index, *sidecars]:
        if not path.exists():
            raise ParamsError(
                f"{cell.id} needs {path}, which is not there: vidattn data prepare {cell.dataset}"
            )
    trained = params.protocols[cell.protocol].encoder == "trained"
    weights = encode.weights_file(cell, params) if trained else None
    return files.digest_files([index, *sidecars, *([weights] if weights else [])])


def folder(run: Run, params: Params) -> Path:
    """Where the store keeps this run."""
    key = files.digest([run.id, ingredients(run, params), versions(), device()])
    return Path(params.store) / "runs" / run.cell.id / f"{run.fold}-{run.seed}-{key}"


def finished(path: Path) -> bool:
    """True where a run is complete in the store."""
    return (path / "record.json").exists()


def execute(run: Run, params: Params, tell: Callable[[str], None] = lambda line: None) -> Path:
    """Make sure that a run is in the store; returns its folder. A second process waits for the first."""
    place = folder(run, params)
    if finished(place):
        return place
    partial = place.with_name(place.name + ".partial")
    with atomic.alone(partial):
        if finished(place):  # by another process, meanwhile
            shutil.rmtree(partial, ignore_errors=True)
        else:
            _finish(run, params, partial, tell)
            shutil.rmtree(place, ignore_errors=True)
            partial.rename(place)
    return place


def _finish(run: Run, params: Params, partial: Path, tell: Callable[[str], None]) -> None:
    """Leave in `partial` what the store keeps of a run, and nothing else."""
    made = _made(run, params, partial, tell)
    for name, content in made.items():
        atomic.write(partial / name, content)
    for checkpoint in partial.glob("checkpoint*.npz"):
        checkpoint.unlink()


def _made(run: Run, params: Params, partial: Path, tell: Callable[[str], None]) -> dict[str, bytes]:
    from vidattn.bench import evaluate, fuse, nearest, peak, train

    if fuse.is_fused(run.cell):
        return fuse.run_fused(run, params, tell)
    if nearest.is_nearest(run.cell):
        return nearest.run_nearest(run, params)
    train.one_thread()
    peak.reset()
    return evaluate.run_trained(run, params, partial, tell)


def publish(run: Run, params: Params, place: Path) -> dict:
    """Copy a finished run's record, predictions and timing into results/; returns the record.

    `place` is what `execute` returned: code that was edited while the run trained has another folder by now.
    """
    for name, kind in RESULT_FILES.items():
        atomic.write(run.path(kind, SUFFIX[kind]), (place / name).read_bytes())
    scores = Path(params.store) / "scores" / run.cell.id / f"{run.fold}-{run.seed}.npz"
    atomic.write(scores, (place / "scores.npz").read_bytes())
    return json.loads((place / "record.json").read_text())


def _work(run: Run, params: Params) -> float:
    from vidattn.bench import peak

    execute(run, params)
    return peak.memory_mb()


def fill(runs: Iterable[Run], params: Params, jobs: int, tell: Callable[[str], None]) -> None:
    """Run whatever is missing on `jobs` processes. Fused runs come after their streams."""
    from tqdm import tqdm

    from vidattn.bench import crew
    from vidattn.bench.fuse import is_fused

    missing = [r for r in runs if not finished(folder(r, params))]
    if not missing:
        tell("Every run is in the store already.")
        return
    waves = [[r for r in missing if not is_fused(r.cell)], [r for r in missing if is_fused(r.cell)]]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tqdm(total=len(missing), unit="run", desc="runs") as bar:

        def done(run: Run) -> None:
            bar.set_postfix_str(run.id)
            bar.update()

        for wave in waves:
            crew.work(functools.partial(_work, params=params), wave, jobs, done)

"""Parameters and FLOPs of the models that params.yaml lists under `complexity`: one JSON a model.

A record carries a digest of all that its counts follow from, so that only new or changed models are counted.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path

from vidattn.bench import executor, files, reading, records
from vidattn.bench.params import Params, ParamsError
from vidattn.data.workers import end_with_parent

KINDS = {"backbone": "backbones", "attention": "attention", "architecture": "architectures"}  # axis -> folder
AXES = tuple(KINDS)
PER_PROCESS = 8  # models; TensorFlow keeps memory of each, so that a process is not used for all


def specs(params: Params) -> Iterator[tuple[str, dict]]:
    """Every model to count: its id, and what `complexity.write` needs."""
    for block in params.complexity:
        missing = [key for key in (*AXES, "classes", "size") if key not in block]
        if missing:
            raise ParamsError(f"params.yaml: complexity: a block lacks {', '.join(missing)}: {block}")
        rest = {key: value for key, value in block.items() if key not in AXES}
        known = {
            "backbone": params.backbones,
            "attention": params.attention,
            "architecture": params.architectures,
        }
        for names in product(*(known[axis] if block[axis] == "all" else block[axis] for axis in AXES)):
            yield f"{'-'.join(names)}-{block['classes']}", {**dict(zip(AXES, names)), **rest}


def stamp(spec: dict) -> str:
    """Stands for all that a model's counts follow from: its spec, the code that builds it, the libraries."""
    own = [executor.ROOT / "models" / f"{KINDS[axis]}/{spec[axis]}.py" for axis in AXES]
    shared = [executor.ROOT / name for name in executor.SHARED if name.startswith("models/")]
    code = files.digest_files([*own, *shared, Path(__file__).with_name("complexity.py")])
    return files.digest([spec, code, records.versions()])


def write_all(params: Params, folder: Path, tell: Callable[[str], None]) -> None:
    """Count the models that are new or changed, and remove records of those that are no longer asked for."""
    wanted = dict(specs(params))
    todo = {name: spec for name, spec in wanted.items() if not _counted(folder / f"{name}.json", spec)}
    names, context = list(todo), multiprocessing.get_context("spawn")
    for first in range(0, len(names), PER_PROCESS):
        # A pool of its own for each few: one that replaces its worker may wait for ever (CPython 3.11).
        with ProcessPoolExecutor(1, context, initializer=end_with_parent) as pool:
            some = {name: todo[name] for name in names[first : first + PER_PROCESS]}
            for name, found in pool.map(partial(write, folder), some.items()):
                tell(f"{name}: {found['parameters']:,} parameters, {found['flops']:,} FLOPs")
    tell(f"{len(todo)} models counted, {len(wanted) - len(todo)} as they were")
    for path in folder.glob("*.json"):
        if path.stem not in wanted:
            path.unlink()


def _counted(path: Path, spec: dict) -> bool:
    """Whether a sound record of these counts is there; a damaged one is made again."""
    try:
        return reading.record(path, ("digest",), "")["digest"] == stamp(spec)
    except ValueError:
        return False


def write(folder: Path, named: tuple[str, dict]) -> tuple[str, dict]:
    """Counts one model, given by its id and its spec, in this process and leaves little behind."""
    import gc

    from vidattn.bench.train import quiet_keras

    keras = quiet_keras()
    from vidattn.bench import complexity

    name, spec = named
    found = complexity.write({**spec, "digest": stamp(spec)}, folder / f"{name}.json")
    keras.backend.clear_session()
    gc.collect()  # graphs with frozen weights are large and hold cycles
    return name, found

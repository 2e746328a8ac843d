"""Parameters and FLOPs of the models that params.yaml lists under `complexity`: one JSON a model.

A record carries a digest of all that its counts follow from, so that only new or changed models are counted.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path

from vidattn.bench.config import plugin_files
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import run_key
from vidattn.bench.plan.cell_kinds import ROOT
from vidattn.bench.results import files as reading
from vidattn.bench.system import corrections, digests, environment
from vidattn.data.files.workers import end_with_parent

KINDS = {"backbone": "backbones", "attention": "attention", "architecture": "architectures"}  # axis -> folder
AXES = tuple(KINDS)
PER_PROCESS = 8  # models; TensorFlow keeps memory of each, so that a process is not used for all


def specs(params: Params) -> Iterator[tuple[str, dict]]:
    """Every model to count: its id, and what `complexity.write` needs."""
    for block in params.complexity:
        rest = {key: value for key, value in block.items() if key not in AXES}
        every = {axis: getattr(params, section) for axis, section in KINDS.items()}
        for names in product(*(every[axis] if block[axis] == "all" else block[axis] for axis in AXES)):
            model = dict(zip(AXES, names))
            yield f"{'-'.join(names)}-{block['classes']}", {**model, **rest, **_variants(model, rest, params)}


def _variants(model: dict[str, str], rest: dict, params: Params) -> dict:
    """For names that are variants: the plug-ins that they stand for, with their arguments."""
    plugins = {axis: plugin_files.plugin(axis, name, params) for axis, name in model.items()}
    variants = {axis: it for axis, it in plugins.items() if it.file != model[axis]}
    if not variants:
        return {}
    options = {
        f"{axis}_params": it.arguments | rest.get(f"{axis}_params", {}) for axis, it in variants.items()
    }
    return {"plugins": {axis: it.file for axis, it in plugins.items()}, **options}


def _files(spec: dict) -> dict[str, str]:
    """The plug-ins of a spec, by axis."""
    return spec.get("plugins") or {axis: spec[axis] for axis in AXES}


def stamp(spec: dict) -> str:
    """Stands for all that a model's counts follow from: its spec, the code that builds it, the libraries."""
    own = [ROOT / "models" / f"{KINDS[axis]}/{file}.py" for axis, file in _files(spec).items()]
    shared = [file for file in run_key.shared_files() if file.is_relative_to(ROOT / "models")]
    files = [*own, *shared, Path(__file__).resolve().with_name("complexity.py")]
    code = digests.digest_files(files, corrections.file_digest)
    return digests.digest([spec, code, environment.versions()])


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

    from vidattn.bench.train.reproducible import quiet_keras

    keras = quiet_keras()
    from vidattn.bench.cost import complexity

    name, spec = named
    found = complexity.write({**spec, "digest": stamp(spec)}, folder / f"{name}.json")
    keras.backend.clear_session()
    gc.collect()  # graphs with frozen weights are large and hold cycles
    return name, found

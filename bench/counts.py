"""Parameters and FLOPs of the models that params.yaml lists under `complexity`: one JSON a model."""

import multiprocessing
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

from vidattn.bench.params import Params, ParamsError

AXES = ("backbone", "attention", "architecture")
PER_PROCESS = 8  # models; TensorFlow keeps memory of each, so that a process is not used for all


def specs(params: Params) -> Iterator[tuple[str, dict]]:
    """Every model to count: its id, and what `complexity.write` needs."""
    for block in params.complexity:
        missing = [key for key in (*AXES, "classes", "size") if key not in block]
        if missing:
            raise ParamsError(f"params.yaml: complexity: a block lacks {', '.join(missing)}: {block}")
        rest = {key: value for key, value in block.items() if key not in AXES}
        for names in product(*(block[axis] for axis in AXES)):
            yield f"{'-'.join(names)}-{block['classes']}", {**dict(zip(AXES, names)), **rest}


def write_all(params: Params, folder: Path, tell: Callable[[str], None]) -> None:
    """Count every model and remove records of models that are no longer asked for."""
    wanted = dict(specs(params))
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=PER_PROCESS) as pool:
        for name, found in pool.imap(partial(write, folder), wanted.items(), chunksize=1):
            tell(f"{name}: {found['parameters']:,} parameters, {found['flops']:,} FLOPs")
    for path in folder.glob("*.json"):
        if path.stem not in wanted:
            path.unlink()


def write(folder: Path, named: tuple[str, dict]) -> tuple[str, dict]:
    """Counts one model, given by its id and its spec, in this process and leaves little behind."""
    import gc

    from vidattn.bench.train import quiet_keras

    keras = quiet_keras()
    from vidattn.bench import complexity

    name, spec = named
    found = complexity.write(spec, folder / f"{name}.json")
    keras.backend.clear_session()
    gc.collect()  # graphs with frozen weights are large and hold cycles
    return name, found

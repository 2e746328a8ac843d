"""Parameters and FLOPs of the models that params.yaml lists under `complexity`: one JSON a model."""

import gc
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

from vidattn.bench.params import Params, ParamsError

AXES = ("backbone", "attention", "architecture")


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
    from vidattn.bench.train import quiet_keras

    keras = quiet_keras()
    from vidattn.bench import complexity

    wanted = dict(specs(params))
    for name, spec in wanted.items():
        found = complexity.write(spec, folder / f"{name}.json")
        keras.backend.clear_session()
        gc.collect()  # graphs with frozen weights are large and hold cycles
        tell(f"{name}: {found['parameters']:,} parameters, {found['flops']:,} FLOPs")
    for path in folder.glob("*.json"):
        if path.stem not in wanted:
            path.unlink()

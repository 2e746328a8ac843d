"""`vidattn data import --truth`: boxes or masks of where the actor is, for the scores of maps."""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import own_dataset
from vidattn.data import datasets
from vidattn.data.files import folder_seal


def bring(dataset: str, arguments: Namespace, params: Params, tell: Callable[[str], None]) -> int:
    """Write the truth of every clip that the source has; each that is left out is named."""
    from vidattn.data.acquire import truth_files

    if not arguments.source:
        raise ParamsError(f"vidattn data import {dataset} --truth needs a csv of boxes or a folder of masks.")
    picture = _size(arguments.picture) if arguments.picture else None
    made, grid = datasets.load(dataset, params.datasets), truth_files.Grid(picture, arguments.every)
    if own_dataset.is_own(dataset, params):
        made = replace(made, generate=None)  # it links files that are there, and knows no truth of them
    taken = truth_files.import_truth(made, Path(arguments.source), Path(params.store), grid)
    for line in taken.left_out:
        tell(f"{dataset}: left out, {line}")
    left = f", {len(taken.left_out)} left out" if taken.left_out else ""
    print(f"{dataset}: truth of {taken.clips} clips{left}, masks on {taken.frames} frames")
    return 0


def check(names: set[str], params: Params) -> None:
    """Raises `ParamsError` where truth of these data sets, which maps are scored against, was changed."""
    for name in sorted(names):
        if damaged := folder_seal.broken(Path(params.store) / name / "truth"):
            more = f" and {len(damaged) - 1} more" if damaged[1:] else ""
            raise ParamsError(
                f"{damaged[0]}{more}: missing or damaged. Make the truth again (vidattn data fetch {name}), "
                "or delete its folder and import it again."
            )


def there(names: set[str], params: Params) -> None:
    """Raises `ParamsError` where a data set that is drawn, and its truth with it, was not prepared."""
    for name in sorted(names):
        made, home = datasets.load(name, params.datasets), Path(params.store) / name
        brought = made.sources or made.place or own_dataset.is_own(name, params)
        prepared = any((home / part).exists() for part in ("index.csv", "truth"))
        if made.generate and not brought and not prepared:
            raise ParamsError(
                f"No {home / 'truth'} to score maps against: '{name}' is not prepared. "
                f"First: vidattn data prepare {name} --suite {params.suite}"
            )


def _size(text: str) -> tuple[int, int]:
    """Width and height of `320x240`."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise ParamsError(f"--picture: expected width and height as 320x240, got '{text}'.")
    return int(width), int(height)

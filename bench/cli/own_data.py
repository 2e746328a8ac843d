"""`vidattn data add`: one's own clips, or pictures, as a data set."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vidattn.bench.config import load
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import own_dataset, suites
from vidattn.bench.system import digests
from vidattn.data.files import atomic

if TYPE_CHECKING:
    import pandas as pd

    from vidattn.data.datasets import Dataset

PAIRS = 5  # of near-duplicates that are named


def add(arguments: Namespace, params: Params, tell: Callable[[str], None]) -> int:
    """List the clips, put them into folds, tell what is doubtful, and write the list and params.yaml."""
    from vidattn.data.acquire import own_clips
    from vidattn.data.datasets import folder as plugin

    name, source = arguments.name, arguments.source
    if not source:
        raise ParamsError(f"vidattn data add {name} needs the folder of your clips, with <class>/<clip>.")
    own_dataset.check_name(name, params)
    folder = Path(source).expanduser().resolve()
    own_dataset.check_folder(folder)
    frame = _listed(folder, arguments)
    for line in _doubts(frame, folder, [] if arguments.list else own_clips.empty(folder)):
        tell(line)
    before = _before(name, params)
    text = own_clips.text(frame)
    listing, digest = own_dataset.LISTS / f"{name}.csv", digests.digest(text)
    with atomic.replace(listing) as part:  # it gets its name only if params.yaml takes the data set
        part.write_text(text, encoding="utf-8", newline="")
        made = plugin.dataset(name, str(folder), str(part))
        done = own_dataset.write(Path("params.yaml"), name, folder, listing, digest, made, before)
    sizes = f"{len(frame)} clips, {len(made.classes)} classes, {frame['group'].nunique()} groups"
    print(f"{name}: {sizes}, {made.folds} folds, in {listing}; {done}")
    commands = [f"data prepare {name} --suite {name}", *(f"run {cell}" for cell in _first(name))]
    print("\n".join(f"{'      ' if i else 'Next: '}vidattn {words}" for i, words in enumerate(commands)))
    return 0


def _first(name: str) -> list[str]:
    """Of its cells in its suite, the first whose control is there, and before it that; else the first."""
    from vidattn.bench.analysis import controls

    planned = suites.cells(load.load(suite=name))
    cells = [cell for cell, runs in planned.items() if runs[0].cell.dataset == name]
    pairs = [[other, cell] for cell in cells if (other := controls.control(cell)) in cells]
    return [*pairs, cells[:1]][0]


def _before(name: str, params: Params) -> "Dataset | None":
    """The data set whose place this takes; None where there is none, or its list is not as it was added."""
    from vidattn.data import datasets

    if name not in params.datasets:
        return None
    try:
        own_dataset.check_list(name, params)
        return datasets.load(name, params.datasets)
    except (OSError, ValueError):
        return None


def _listed(folder: Path, arguments: Namespace) -> "pd.DataFrame":
    """A row a clip; refuses names that are no text, at which OpenCV would crash."""
    from vidattn.data.acquire import own_clips

    given, groups = (Path(each) if each else None for each in (arguments.list, arguments.groups))
    for path, columns in ((given, "path, label"), (groups, "path, group")):
        if path and path.is_file():
            _check_csv(path, f"Expected a csv with {columns}.")
    try:
        frame = own_clips.listed(folder, given, groups, arguments.pattern, arguments.folds)
        for path in frame["path"]:
            path.encode()
    except UnicodeEncodeError as error:
        raise ParamsError(f"{folder} has a name that is no UTF-8, {error.object!r}. Rename it.") from None
    return frame


def _check_csv(path: Path, expected: str) -> None:
    """Refuses, by its name, a file that is no csv at all."""
    import pandas as pd

    try:
        pd.read_csv(path, dtype=str)
    except pd.errors.EmptyDataError:
        raise ParamsError(f"{path} is empty. {expected}") from None
    except UnicodeDecodeError:
        raise ParamsError(f"{path} is no csv in UTF-8. {expected}") from None
    except pd.errors.ParserError as error:
        raise ParamsError(f"{path} is no csv ({' '.join(str(error).split())}). {expected}") from None


def _doubts(frame: "pd.DataFrame", folder: Path, empty: list[str]) -> list[str]:
    """What may make accuracies too high or hard to read, and what will not be used."""
    from vidattn.data.acquire import own_clips, own_folds

    lines = []
    if empty:
        lines.append(f"Folders without a clip: {own_folds.some(empty)}. They are no classes.")
    untested = own_folds.untested(frame)
    if untested:
        lines.append(f"Some folds test no clip of {own_folds.some(untested)}: fewer groups than folds.")
    if frame["group"].nunique() == len(frame):
        lines.append(
            "Every clip is a group of its own: where clips share a source (video, person), name it with "
            "--groups or --pattern, or accuracies will be too high."
        )
    pairs, unread = own_clips.seen(frame, folder)
    if unread:
        lines.append(f"Clips that cannot be read, and will not be used: {own_folds.some(unread)}.")
    if pairs:
        shown = ", ".join(f"{a} and {b}" for a, b in pairs[:PAIRS])
        rest = f" and {len(pairs) - PAIRS} more pairs" if len(pairs) > PAIRS else ""
        lines.append(f"Near-duplicates in different folds: {shown}{rest}. Give them one group, or keep one.")
    return lines

"""One's own data set in params.yaml: its entry, and a suite to begin with."""

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from vidattn.bench.config import load
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.system import digests
from vidattn.data.files import atomic

if TYPE_CHECKING:
    from vidattn.data.datasets import Dataset

PLUGIN = "folder"
STORES = ("failed", "maps", "runs", "scores", "weights")  # folders of the store that are of no data set
# What one version of YAML or another reads as a truth value, as nothing or as a number.
NO_TEXT = re.compile("true|false|yes|no|on|off|null|[0-9][0-9_]*(e[0-9]+)?|0[box][0-9a-f_]*")
LISTS = Path("lists")
# What the suite begins with, by the kind of the data set: cheap, and one comparison of an attention.
FIRST = {
    "video": {"architecture": "frame_average", "protocol": "clean"},
    "image": {"architecture": "image", "protocol": "image_64_clean"},
}


def is_own(name: str, params: Params) -> bool:
    """Whether a data set is one's own: files that were added, and are linked to; nobody draws them."""
    return params.datasets[name].get("plugin") == PLUGIN


def check_name(name: str, params: Params) -> None:
    """Refuses a name that is no name, or that of another data set, a suite or a folder of the store."""
    if not re.fullmatch("[a-z0-9_]+", name):
        raise ParamsError(f"'{name}' is no name of a data set. Expected a-z, 0-9 and _, as in my_clips.")
    if NO_TEXT.fullmatch(name):
        raise ParamsError(
            f"'{name}' is no name of a data set: YAML does not read it as text. Take my_{name}."
        )
    if name in params.datasets:
        if not is_own(name, params):
            raise ParamsError(f"There is a data set '{name}' already. Take another name for yours.")
    elif name in params.suites:
        raise ParamsError(f"There is a suite '{name}' already, and a data set gets one. Take another name.")
    elif name in STORES:
        raise ParamsError(f"The store has a folder {name} that is no data set's. Take another name.")


def check_folder(folder: Path) -> None:
    """Refuses a folder whose name params.yaml cannot hold."""
    _quoted(folder)


def check_list(name: str, params: Params) -> None:
    """Refuses a list that is not the one that was added: it would silently make other folds."""
    entry = params.datasets[name]
    path = Path(entry.get("clips", ""))
    if entry.get("plugin") != PLUGIN or not entry.get("digest") or not path.is_file():
        return
    text = path.read_bytes().decode(errors="replace")
    if digests.digest(text) != entry["digest"]:
        raise ParamsError(
            f"{path} is not the list that was added (datasets.{name}.digest in params.yaml). Bring it "
            f"back, or take this: vidattn data add {name} {shlex.quote(entry['folder'])} --list {path}"
        )


def write(
    path: Path, name: str, folder: Path, clips: Path, digest: str, made: "Dataset", before: "Dataset | None"
) -> str:
    """Put the entry of a data set into params.yaml, or replace it, and a suite if none has its name.

    The rest stays as it is. In a suite that is there only the folds change, and these only where the list has
    another number of them than before.

    Args:
        path: The file params.yaml.
        name: Of the data set and its suite.
        folder: Where its files are.
        clips: Its list.
        digest: Of the list, so that other folds are another experiment.
        made: The data set of the list.
        before: That of the list whose place this takes, None if there is none that can be read.

    Returns:
        What became of both.
    """
    text = path.read_text(encoding="utf-8")
    known = load.load(path, text=text)
    entry = f"plugin: {PLUGIN}, folder: {_quoted(folder)}, clips: {clips}, digest: '{digest}'"
    text = re.sub(rf"(?m)^  {name}: \{{plugin: {PLUGIN}, [^\n]*\n", "", text)  # an older one, as written here
    text = _below("datasets", f"  {name}: {{{entry}}}\n", text, path)
    folds, kept = list(range(1, made.folds + 1)), name in known.suites
    refold = kept and (before is None or before.folds != made.folds)
    if kept and before and before.kind != made.kind:
        raise ParamsError(
            f"'{name}' was of kind {before.kind} and is now of kind {made.kind}, which its suite is not made "
            f"for. Take another name, or delete suites.{name} in {path}."
        )
    if not kept:
        text = _below("suites", _suite(name, made.kind, folds), text, path)
    if refold:
        text = _refolded(text, name, folds)
    try:
        grids = load.load(path, text=text).suites[name]  # a file that does not load is never left behind
    except ParamsError as error:
        raise ParamsError(f"{path} is left as it was: with '{name}' in it, {error}") from None
    if refold and any(name in grid.dataset and grid.folds != folds for grid in grids):
        raise ParamsError(
            f"{path}: suites.{name}: expected folds {folds} of '{name}'. Write them there, then add it again."
        )
    atomic.write(path, text)
    if kept:
        now = f", with folds 1 to {made.folds}" if refold else ""
        return f"data set '{name}' in {path} replaced, its suite kept{now}"
    return f"data set and suite '{name}' in {path}"


def _suite(name: str, kind: str, folds: list[int]) -> str:
    """The suite to begin with."""
    block = [f"dataset: [{name}]", "backbone: [tiny]", "attention: [none, cbam]"]
    block += [f"{axis}: [{value}]" for axis, value in FIRST[kind].items()]
    block += [f"folds: {folds}", "seeds: [0]"]
    return f"  {name}:\n  - " + "\n    ".join(block) + "\n\n"


def _below(section: str, lines: str, text: str, path: Path) -> str:
    """The file with these lines as the first of a section."""
    text, count = re.subn(rf"(?m)^{section}:[^\n]*\n", lambda head: head.group() + lines, text, count=1)
    if not count:
        raise ParamsError(f"{path} has no line '{section}:' below which the data set could be written.")
    return text


def _refolded(text: str, name: str, folds: list[int]) -> str:
    """The file with these folds wherever the suite of a data set names folds of it, in whatever style."""
    suite = _pairs(_pairs(yaml.compose(text))["suites"][1])[name][1]
    for grid in map(_pairs, reversed(suite.value)):
        if name not in (one.value for one in grid["dataset"][1].value) or "folds" not in grid:
            continue
        key, value = grid["folds"]
        last = value if value.flow_style else value.value[-1]  # what follows the last item is not the list's
        text = f"{text[: key.end_mark.index]}: {folds}{text[last.end_mark.index :]}"
    return text


def _pairs(mapping: yaml.Node) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """The nodes of the keys and values that a mapping has of its own."""
    return {key.value: (key, value) for key, value in mapping.value}


def _quoted(folder: Path) -> str:
    """A path between quotes, as YAML reads it back."""
    quoted = "'" + str(folder).replace("'", "''") + "'"
    try:
        same = yaml.safe_load(quoted) == str(folder)
    except (yaml.YAMLError, ValueError):
        same = False
    if not same:
        raise ParamsError(f"{str(folder)!r} has characters that params.yaml cannot hold. Rename the folder.")
    return quoted

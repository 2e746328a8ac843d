"""One's own data set in params.yaml: its entry, and a suite to begin with."""

import re
import shlex
from pathlib import Path

import yaml

from vidattn.bench.config import load
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.system import digests
from vidattn.data.files import atomic

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
        raise ParamsError(f"params.yaml cannot name a data set '{name}': YAML reads no text. Take my_{name}.")
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


def write(path: Path, name: str, folder: Path, clips: Path, digest: str, kind: str, folds: int) -> None:
    """Put the entry and the suite of a data set into params.yaml, or replace them; the rest stays as it is.

    Args:
        path: The file params.yaml.
        name: Of the data set and its suite.
        folder: Where its files are.
        clips: Its list.
        digest: Of the list, so that other folds are another experiment.
        kind: "video" or "image".
        folds: How many the list has.
    """
    text = _without(path.read_text(encoding="utf-8"), name)
    kept = f"plugin: {PLUGIN}, folder: {_quoted(folder)}, clips: {clips}, digest: '{digest}'"
    entry = f"  {name}: {{{kept}}}\n"
    block = [f"dataset: [{name}]", "backbone: [tiny]", "attention: [none, cbam]"]
    block += [f"{axis}: [{value}]" for axis, value in FIRST[kind].items()]
    block += [f"folds: {list(range(1, folds + 1))}", "seeds: [0]"]
    suite = f"  {name}:\n  - " + "\n    ".join(block) + "\n\n"
    for section, lines in (("datasets", entry), ("suites", suite)):
        text, count = re.subn(
            rf"(?m)^{section}:[^\n]*\n", lambda head, new=lines: head.group() + new, text, count=1
        )
        if not count:
            raise ParamsError(f"{path} has no line '{section}:' below which the data set could be written.")
    try:
        load.load(path, text=text)  # a file that does not load is never left behind
    except ParamsError as error:
        raise ParamsError(f"{path} is left as it was: with '{name}' in it, {error}") from None
    atomic.write(path, text)


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


def _without(text: str, name: str) -> str:
    """The file less an older entry and suite of this name, as `write` left them."""
    text = re.sub(rf"(?m)^  {name}: \{{plugin: {PLUGIN}, [^\n]*\n", "", text)
    return re.sub(rf"(?m)^  {name}:\n  - dataset: \[{name}\]\n(?:    [^\n]*\n)*\n?", "", text)

"""params.yaml as it was laid out, with the values that it has now.

`dvc exp run -S` sets a value and writes the whole file anew: every list on lines of its own, without the
comments below it.
"""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import yaml

from vidattn.bench.config.errors import ParamsError
from vidattn.bench.plan import variation
from vidattn.data.files import atomic


def restore(path: Path, tell: Callable[[str], None]) -> None:
    """Lay the file out as in the last commit, if DVC has written it anew, and say so.

    A file with a list in brackets, or with a comment that the commit lacks, was not: it is somebody's own.
    Where the layout cannot be had with the same values, or Git knows no other, the file stays as it is.
    """
    text = path.read_text()
    if _brackets(text):
        return
    line = ["git", "show", f"HEAD:./{path.name}"]
    with suppress(ValueError, RecursionError, yaml.YAMLError, OSError, subprocess.SubprocessError):
        done = subprocess.run(line, cwd=path.absolute().parent, capture_output=True, text=True, check=True)
        if _brackets(done.stdout) and _comments(text) <= _comments(done.stdout):
            atomic.write(path.resolve(), relaid(done.stdout, text))
            tell(f"DVC had written {path} anew: it is laid out as in the last commit again.")


def _brackets(text: str) -> bool:
    """Whether a list with something in it stands in brackets, those within braces aside: DVC leaves these."""
    nodes = [yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.SequenceNode) and node.flow_style and node.value:
            return True
        if isinstance(node, yaml.CollectionNode) and not node.flow_style:
            nodes += [part[1] if isinstance(part, tuple) else part for part in node.value]
    return False


def _comments(text: str) -> set[str]:
    """What follows the signs of comments."""
    return {line.partition("#")[2].strip() for line in text.splitlines() if "#" in line}


def relaid(before: str, after: str) -> str:
    """The text of one file with the values of another.

    Raises:
        ParamsError: They differ by more than values that stand on a line.
    """
    wanted, text, done = yaml.safe_load(after), before, set()
    while change := next(_changes(yaml.safe_load(text), wanted), None):
        if change in done:
            raise ParamsError(f"'{change}' does not set it.")
        text = variation.changed(text, change)
        done.add(change)
    return text


def _changes(before: object, wanted: object, at: tuple[str, ...] = ()) -> Iterator[str]:
    """What makes one value the other, each as `variation.changed` takes it."""
    if isinstance(before, dict) and isinstance(wanted, dict) and before.keys() == wanted.keys():
        for key in before:
            yield from _changes(before[key], wanted[key], (*at, str(key)))
    elif before != wanted or type(before) is not type(wanted):  # 1 and 1.0 are equal
        value = yaml.safe_dump(wanted, default_flow_style=True, width=10**6, sort_keys=False)
        yield f"{'.'.join(at)}={value.removesuffix('...' + chr(10)).strip()}"

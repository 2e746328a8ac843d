"""What the names of cells stand for, in the words of the plug-ins' files."""

import ast
import re
from collections.abc import Iterable

from vidattn.bench.config import plugin_files
from vidattn.bench.config.schema import Params
from vidattn.bench.results.reader import coordinates

HEADERS = ["name", "part", "what it is", "settings of its own"]


def table(params: Params, cells: Iterable[str]) -> dict:
    """A table of the page: every data set, backbone, attention and architecture of these cells."""
    parts = [coordinates(cell) for cell in cells]
    rows = []
    for kind in plugin_files.SECTIONS:
        for name in dict.fromkeys(part[kind] for part in parts):
            found = plugin_files.lookup(kind, name, params)
            what = _first_sentence(found) if found.path.is_file() else ""
            settings = ", ".join(f"{key} {value}" for key, value in found.arguments.items() if _short(value))
            rows.append([name, "data set" if kind == "dataset" else kind, what, settings or "-"])
    return {"title": "What the names stand for", "headers": HEADERS, "rows": rows}


def _first_sentence(part: plugin_files.PlugIn) -> str:
    """The first line of a plug-in's docstring, read without importing it."""
    text = ast.get_docstring(ast.parse(part.path.read_text(encoding="utf-8"))) or ""
    return re.sub(r"\s+", " ", text.partition("\n\n")[0]).removesuffix(".")


def _short(value: object) -> bool:
    """Whether a setting can be said in a word: a data set's own settings within another's cannot."""
    return isinstance(value, str | int | float)

"""Mistakes in params.yaml, each told in one line: where it is, what was expected, what is meant perhaps."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidattn.bench.config.kinds import FOLDERS, SECTIONS
from vidattn.data.files import names

if TYPE_CHECKING:
    from pydantic import ValidationError

ROOT = Path(__file__).resolve().parents[2]
# Kind of pydantic's error -> what was expected, in words of params.yaml.
EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "dataclass_type": "a mapping",
    "model_attributes_type": "a mapping",
    "greater_than_equal": "{ge} or more",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "string_pattern_mismatch": "a name made of a-z, 0-9 and _",
}


class ParamsError(ValueError):
    """params.yaml says something that the suite does not understand."""


def unknown(what: str, name: object, valid: Iterable[object], where: str = "params.yaml") -> ParamsError:
    """The error for a name that is not there: lists the valid ones and suggests the nearest.

    A plug-in whose file is there has only to be registered, and the error says how.
    """
    kind = "dataset" if what == "data set" else what
    if kind in FOLDERS and (ROOT / FOLDERS[kind] / f"{name}.py").is_file():
        there = f"{FOLDERS[kind]}/{name}.py exists"
        todo = f"add `{name}: {{}}` under `{SECTIONS[kind]}` in params.yaml."
        return ParamsError(f"{where}: {what} '{name}' is not registered. {there}: {todo}")
    return ParamsError(f"{where}: {names.unknown(what, name, valid)}")


def check_keys(values: Iterable[object], valid: Iterable[object], where: str) -> None:
    """Raises `ParamsError` on a key that is not valid, with the nearest that is."""
    for key in values:
        if key not in (every := tuple(valid)):
            raise unknown("key", key, every, where)


def first_of(error: "ValidationError", raw: Any, where: str) -> ParamsError:
    """The first thing that pydantic refused of `raw`, in one line."""
    details, *others = error.errors(include_url=False)
    kind, context, given = details["type"], details.get("ctx", {}), details["input"]
    path = _path(details["loc"], raw)
    at = f"{where}: {'.'.join(path)}" if path else where
    if kind == "missing":
        parent = details["loc"][:-1]
        same = [e["loc"][-1] for e in (details, *others) if (e["type"], e["loc"][:-1]) == (kind, parent)]
        return ParamsError(f"{at}: missing key{'s' * (len(same) > 1)} {', '.join(map(str, same))}.")
    if kind == "union_tag_not_found":
        return ParamsError(f"{at}: missing key {_quoted(context['discriminator'])[0]}.")
    if kind == "union_tag_invalid":
        key = _quoted(context["discriminator"])[0]
        return unknown(key, context["tag"], _quoted(context["expected_tags"]), f"{at}.{key}")
    if kind == "literal_error":
        return unknown(path[-1], given, _quoted(context["expected"]), at)
    if "error" in context:
        return ParamsError(f"{at}: {context['error']}")
    expected = EXPECTED.get(kind, details["msg"].removeprefix("Input should be ")).format(**context)
    return ParamsError(f"{at}: expected {expected}, got {given!r}.")


def _quoted(text: str) -> list[str]:
    """The names that pydantic puts between quotes."""
    return re.findall("'([^']*)'", text)


def _path(loc: tuple[int | str, ...], raw: Any) -> list[str]:
    """The keys that lead to a value of `raw`; pydantic's own words between them are left out."""
    path = []
    for part in loc:
        if isinstance(raw, dict) and part in raw:
            path.append(str(part))
            raw = raw[part]
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
    return path

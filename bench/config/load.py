"""The one reader of params.yaml: YAML that is what it seems, the types of `schema`, the rules."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from vidattn.bench.config import errors, rules, values
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params

MOST = 100_000  # values in params.yaml, its anchors written out; the committed file has a tenth
PARAMS: TypeAdapter[Params] = TypeAdapter(values.section(Params))


def load(path: Path = Path("params.yaml"), text: str | None = None, **overrides: Any) -> Params:
    """Read and check params.yaml; `overrides` replace top-level keys (for example `suite`).

    `text`, where it is given, is what the file is to hold: it is checked before it is written.
    """
    raw = content(path, text)
    if not isinstance(raw, dict):
        what = "is empty" if raw is None else f"holds {type(raw).__name__} and not sections"
        raise ParamsError(f"{path} {what}. Expected suite, suites, protocols and the rest of a params.yaml.")
    raw |= overrides
    try:
        params = PARAMS.validate_python(raw)
    except ValidationError as error:
        raise errors.first_of(error, raw, str(path)) from None
    rules.check(params, str(path))
    return params


def content(path: Path, text: str | None = None) -> Any:
    """What a YAML file holds, or `text` in its place; what is no such file is told in one line."""
    try:
        text = path.read_text(encoding="utf-8") if text is None else text
        try:
            return yaml.load(text, _Fast)
        except yaml.YAMLError:
            return yaml.load(text, _Exact)
    except FileNotFoundError:
        begin = "vidattn init <folder> begins one"
        raise ParamsError(f"No {path} here. Run vidattn from a project's root folder; {begin}.") from None
    except UnicodeDecodeError as error:
        raise ParamsError(f"{path} is not UTF-8 text (byte {error.start}): it is damaged.") from None
    except yaml.YAMLError as error:
        raise ParamsError(f"{path} is not valid YAML: {_where(error)}.") from None
    except ParamsError:
        raise
    except (ValueError, RecursionError) as error:  # a date in month 13, say, or brackets without end
        raise ParamsError(f"{path} holds what YAML cannot read: {error}.") from None


def _where(error: yaml.YAMLError) -> str:
    """Where YAML stopped and why, in one line; a comma missing between braces shows one key later."""
    mark, start = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    since = f", in what starts on line {start.line + 1}" if start else ""
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}{since}"


class _Checked:
    """A loader that lets no key stand twice and no anchor blow the file up."""

    def get_single_node(self) -> yaml.Node | None:
        """The document, its size and keys checked before anything is made of it."""
        node = super().get_single_node()
        if node is not None:
            _size(node, {})
        return node


class _Fast(_Checked, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """By libyaml where it is there, in a sixth of the time."""


class _Exact(_Checked, yaml.SafeLoader):
    """By Python, which says better than libyaml where it stopped."""


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """Values in a node, every anchor counted wherever it is used."""
    if id(node) not in sizes:
        sizes[id(node)] = MOST + 1  # of a node inside itself
        parts = node.value if isinstance(node, yaml.CollectionNode) else ()
        if isinstance(node, yaml.MappingNode):
            _once(node)
            parts = [part for pair in parts for part in pair]
        sizes[id(node)] = 1 + sum(_size(part, sizes) for part in parts)
    if sizes[id(node)] > MOST:
        problem = f"its anchors, written out, hold more than {MOST:,} values"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    return sizes[id(node)]


def _once(node: yaml.MappingNode) -> None:
    """Raises where a key stands twice: YAML would take the second in silence."""
    seen: dict[str, yaml.Mark] = {}
    for key, _ in node.value:
        if key.value in seen and isinstance(key, yaml.ScalarNode):
            problem = f"key '{key.value}' stands twice, first on line {seen[key.value].line + 1}"
            raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        if isinstance(key, yaml.ScalarNode):
            seen[key.value] = key.start_mark

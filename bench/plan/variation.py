"""One value of params.yaml set by its path, the rest of the file untouched to the byte."""

import yaml

from vidattn.bench.config.errors import ParamsError
from vidattn.data.files.names import unknown

MERGE = "<<"


def changed(text: str, change: str) -> str:
    """The text of params.yaml with one value set.

    Args:
        text: Of params.yaml.
        change: `protocols.clean.epochs=3`: keys with dots between, and the value in YAML, on one line. A key
            that a section has only from the one it starts from (`<<`) becomes a line of its own.

    Raises:
        ParamsError: There is no such key, or the value is no YAML.
    """
    path, sign, value = change.partition("=")
    keys, value = path.strip().split("."), value.strip()
    if not sign or not all(keys) or not value:
        raise ParamsError(f"'{change}' sets nothing. Expected <key>=<value>, as in protocols.clean.epochs=3.")
    _check(value, change)
    node = yaml.compose(text, yaml.SafeLoader)
    for depth, key in enumerate(keys):
        pairs = {name.value: (name, own) for name, own in node.value} if _is_map(node) else {}
        where = ".".join(keys[:depth]) or "params.yaml"
        if key not in pairs:
            if depth == len(keys) - 1 and MERGE in pairs and key in _names(node):
                return _inserted(text, pairs[MERGE], f"{key}: {value}")
            raise ParamsError(f"{where}: {unknown('key', key, sorted(_names(node)))}")
        name, node = pairs[key]
        if node.start_mark.index < name.start_mark.index:
            raise ParamsError(f"{path} is a reference (*) to another place in params.yaml: set it there.")
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        raise ParamsError(f"{path} is a section with lines of its own. Set one of its values instead.")
    return text[: node.start_mark.index] + value + text[node.end_mark.index :]


def _check(value: str, change: str) -> None:
    """Refuses what is no single YAML value on one line."""
    try:
        if "\n" in value:
            raise yaml.YAMLError
        yaml.safe_load(f"value: {value}")
    except (yaml.YAMLError, ValueError):
        raise ParamsError(f"'{change}': expected a value in YAML, on one line, after the '='.") from None


def _is_map(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode)


def _names(node: yaml.Node) -> set[str]:
    """Keys of a section, those included that it has from the sections it starts from."""
    if not _is_map(node):
        return set()
    own = {name.value for name, _ in node.value} - {MERGE}
    return own.union(*(_names(part) for name, part in node.value if name.value == MERGE))


def _inserted(text: str, merge: tuple[yaml.Node, yaml.Node], line: str) -> str:
    """The text with a line below the one that holds a `<<`."""
    mark = merge[0].start_mark
    end = text.index("\n", mark.index) + 1
    return text[:end] + " " * mark.column + line + "\n" + text[end:]

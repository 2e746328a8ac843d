"""Architectures without training runs: the 1-NN leakage probe, and the floor under heads on features."""

import ast
from functools import cache

from vidattn.bench.config import plugin_files


@cache
def trained(architecture: str) -> bool:
    """Whether an architecture has training runs that differ by their seed."""
    return plugin_files.optional("architecture", architecture, "NETWORK") is not False


@cache
def is_floor(architecture: str) -> bool:
    """Whether it is fitted on stored features by a convex method; a head below it is under-trained."""
    if trained(architecture):
        return False
    path = plugin_files.folder("architecture") / f"{architecture}.py"
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    return any(isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "fit" for node in nodes)


def is_probe(architecture: str) -> bool:
    """Whether it is the leakage probe, which recognises what it has seen and learns nothing."""
    return not trained(architecture) and not is_floor(architecture)

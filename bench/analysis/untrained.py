"""Architectures without training runs: the 1-NN leakage probe, and the floor under heads on features."""

from functools import cache

from vidattn.bench.config import plugin_files


@cache
def trained(architecture: str) -> bool:
    """Whether an architecture has training runs that differ by their seed."""
    return plugin_files.optional("architecture", architecture, "NETWORK") is not False


@cache
def is_floor(architecture: str) -> bool:
    """Whether it is fitted on stored features by a convex method; a head below it is under-trained."""
    return not trained(architecture) and plugin_files.defines("architecture", architecture, "fit")


def is_probe(architecture: str) -> bool:
    """Whether it is the leakage probe, which recognises what it has seen and learns nothing."""
    return not trained(architecture) and not is_floor(architecture)

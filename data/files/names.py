"""What to say of a name that is not there: the nearest that is, and all of them."""

import difflib
from collections.abc import Iterable


def nearest(name: object, valid: Iterable[object]) -> str:
    """A question that names the valid name most like this one, or nothing where none is like it."""
    near = difflib.get_close_matches(str(name), list(map(str, valid)), n=1, cutoff=0.5)
    return f" Did you mean '{near[0]}'?" if near else ""


def unknown(what: str, name: object, valid: Iterable[object]) -> str:
    """One line for a name that is not valid."""
    names = sorted(map(str, valid))
    return f"unknown {what} '{name}'.{nearest(name, names)} Expected one of: {', '.join(names)}."

"""A damaged header of a stored array, told with the file's name.

NumPy reads a header as Python's literals. Some headers that are none end in an error of Python's tokenizer,
which NumPy passes on and which names no file.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError


class DamagedHeader(ValueError):
    """A stored array whose header cannot be read; it must be made again."""


def error_line(error: BaseException) -> str | None:
    """Which array is damaged and how it is made again; None for every other error."""
    if not isinstance(error, TokenError):
        return None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        path = frame.f_locals.get("path")
        if isinstance(path, Path) and path.suffix == ".npy":  # of data/shards/verify.py
            folder = path.parent
            command = f"vidattn data {folder.parent.name} {folder.parents[1].name}"
            return f"{path} is damaged (its header is not that of an array). Delete it, then run: {command}"
    return None


@contextmanager
def named() -> Iterator[None]:
    """Raises `DamagedHeader` in place of the tokenizer's error."""
    try:
        yield
    except TokenError as error:
        if line := error_line(error):
            raise DamagedHeader(line) from error
        raise

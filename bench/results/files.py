"""Files of results, read with care: a damaged one is an error that names it and says what it must hold."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TABLES_AGAIN = "Make it again: vidattn tables"


def whole(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder that match, sorted; none that a process is writing, or left half written.

    Their names begin with a dot (`data/files/atomic.py`), which a pattern of pathlib matches too.
    """
    return sorted(path for path in Path(folder).glob(pattern) if not path.name.startswith("."))


def table(path: Path, columns: Sequence[str], remedy: str, **options: Any) -> "pd.DataFrame":
    """A csv that has these columns.

    Args:
        path: The file.
        columns: Names that it must have; it may have more.
        remedy: What the user is to do if it is damaged, one sentence.
        options: For `pandas.read_csv`.

    Raises:
        ValueError: It is no csv, lacks a column, or a value is not of the type that `options` ask for.
    """
    import pandas as pd

    expected = f"Expected: {', '.join(columns) or 'a header and rows'}. {remedy}"
    try:
        frame = pd.read_csv(path, **options)
    except (ValueError, OSError) as error:
        raise ValueError(f"{path} is no readable csv ({error}). {expected}") from error
    _require(path, columns, frame.columns, expected)
    return frame


def made(path: Path, columns: Sequence[str] = ()) -> "pd.DataFrame":
    """A table that `vidattn tables` wrote; empty and without columns where it was not made.

    Raises:
        ValueError: It is no csv, or lacks one of these columns.
    """
    import pandas as pd

    return table(path, columns, TABLES_AGAIN) if path.is_file() else pd.DataFrame()


def columns(path: Path, types: Mapping[str, type], remedy: str) -> "dict[str, np.ndarray]":
    """Every column of a csv by name, those of `types` as such; much faster than a data frame a file.

    Raises:
        ValueError: It is no csv, lacks a column, or a value is not of its type.
    """
    import numpy as np

    expected = f"Expected: {', '.join(types)}. {remedy}"
    try:
        header, values = _fields(path.read_bytes().decode())
        _require(path, tuple(types), header, expected)
        named = dict(zip(header, values, strict=True))
        return {name: np.array(value, dtype=types.get(name, str)) for name, value in named.items()}
    except (csv.Error, OSError, UnicodeError, ValueError) as error:
        if str(error).startswith(f"{path} "):
            raise
        raise ValueError(f"{path} is no readable csv ({error}). {expected}") from error


def _fields(text: str) -> tuple[list[str], list[Sequence[str]]]:
    """The header of a csv and its columns; raises `csv.Error` or `ValueError` where it is none.

    Lines without quotes are split as a whole, in half the time that a reader of csv takes.
    """
    header = text.partition("\n")[0].split(",")
    if len(header) > 1 and text.endswith("\n") and not any(mark in text for mark in ('"', "\r")):
        fields = text.replace("\n", ",\n,").split(",")[:-1]
        size = len(header) + 1
        if fields[size - 1 :: size] == ["\n"] * text.count("\n") and not len(fields) % size:
            return header, [fields[size + place :: size] for place in range(len(header))]
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    return header, [*zip(*rows, strict=True)] if rows else [()] * len(header)


def _require(path: Path, columns: Sequence[str], there: Sequence[str], expected: str) -> None:
    """Raises `ValueError` where a table lacks a column."""
    lacking = [name for name in columns if name not in there]
    if lacking:
        raise ValueError(
            f"{path} lacks the column{'s' * (len(lacking) > 1)} {', '.join(lacking)}. {expected}"
        )


def record(path: Path, keys: Sequence[str], remedy: str) -> dict:
    """A JSON object that has these keys; `a.b` is the key b of the object a.

    Raises:
        ValueError: It is no JSON object or lacks a key.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ValueError(f"{path} is no readable JSON ({error}). {remedy}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} holds no JSON object. {remedy}")
    lacking = [key for key in keys if not _has(value, key.split("."))]
    if lacking:
        raise ValueError(f"{path} lacks the key{'s' * (len(lacking) > 1)} {', '.join(lacking)}. {remedy}")
    return value


def _has(value: Any, names: list[str]) -> bool:
    """Whether a chain of names leads through nested objects."""
    for name in names:
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True

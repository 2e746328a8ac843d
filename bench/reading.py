"""Files of results, read with care: a damaged one is an error that names it and says what it must hold."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


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
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise ValueError(
            f"{path} lacks the column{'s' * (len(lacking) > 1)} {', '.join(lacking)}. {expected}"
        )
    return frame


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

"""A data frame -> csv (raw numbers), markdown and LaTeX (numbers for readers); same frame, same bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate

from vidattn.data import atomic

MISSING = "-"
_PLAIN = {"latency_ms": ".1f", "peak_memory_mb": ".0f", "train_seconds": ".1f", "evaluate_seconds": ".1f"}
COUNTS = {"n", "n_official", "n_train", "folds", "seeds", "runs", "trainings", "groups", "classes", "capped"}
COUNTS |= {"parameters", "trainable", "flops", "frames", "epochs", "batch", "steps", "used", "updates"}


def write(frame: pd.DataFrame, folder: Path, name: str) -> list[Path]:
    """Write `<name>.csv`, `.md` and `.tex` into a folder; returns the three paths."""
    texts = {"csv": csv(frame), "md": markdown(frame), "tex": latex(frame)}
    return [atomic.write(Path(folder) / f"{name}.{suffix}", text) for suffix, text in texts.items()]


def csv(frame: pd.DataFrame) -> str:
    """Raw columns, six significant digits, missing cells empty."""
    return integers(frame).to_csv(index=False, float_format="%.6g", lineterminator="\n")


def markdown(frame: pd.DataFrame) -> str:
    """A pipe table with `value [low, high]` in one column and `-` where nothing was measured."""
    return _table(frame, "pipe")


def latex(frame: pd.DataFrame) -> str:
    """The same as a booktabs tabular."""
    return _table(frame, "latex_booktabs")


def display(frame: pd.DataFrame) -> pd.DataFrame:
    """Strings for readers: intervals folded into their value's column, one missing mark."""
    ends = [c for c in frame.columns if c.endswith(("_low", "_high"))]
    bounds = {c for c in ends if c.rsplit("_", 1)[0] in frame.columns}
    shown = {c: _column(integers(frame), c) for c in frame.columns if c not in bounds}
    return pd.DataFrame(shown, columns=list(shown), index=frame.index)


def number(value: Any, column: str = "") -> str:
    """One value as a reader wants it: signed differences, grouped integers, three decimals otherwise."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return MISSING
    if isinstance(value, str | bool):
        return str(value) or MISSING
    if float(value).is_integer() and not isinstance(value, float):
        return f"{int(value):+,}" if "difference" in column else f"{int(value):,}"
    if column.startswith("p_") or column == "p":
        return "<0.001" if value < 0.001 else f"{value:.3f}"
    if 0 < abs(value) < 0.0005 and "difference" not in column:
        return f"{value:.2g}"  # 0.000 would say that there is nothing
    return format(value, "+.3f" if "difference" in column else _PLAIN.get(column, ".3f"))


def integers(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of whole numbers with gaps become integers with gaps; counts never print as 12.0."""
    frame = frame.copy()
    for column in frame.columns:
        values = frame[column].dropna()
        kinds = (int, np.integer, float) if _counted(column) else (int, np.integer)
        if len(values) and all(
            isinstance(v, kinds) and not isinstance(v, bool) and v == int(v) for v in values
        ):
            frame[column] = pd.array([None if pd.isna(v) else int(v) for v in frame[column]], dtype="Int64")
    return frame


def _counted(column: str) -> bool:
    base = column
    for end in ("_published", "_difference", "_max"):
        base = base.removesuffix(end)
    return base in COUNTS or base.startswith(("parameters_", "flops_", "n_"))


def _column(frame: pd.DataFrame, column: str) -> list[str]:
    values = [number(v, column) for v in frame[column].tolist()]
    if not {f"{column}_low", f"{column}_high"} <= set(frame.columns):
        return values
    bounds = [[number(v, column) for v in frame[f"{column}_{side}"].tolist()] for side in ("low", "high")]
    return [v if MISSING in (v, a, b) else f"{v} [{a}, {b}]" for v, a, b in zip(values, *bounds)]


def _table(frame: pd.DataFrame, style: str) -> str:
    shown, raw = display(frame), integers(frame)
    align = ["right" if pd.api.types.is_numeric_dtype(raw[c]) else "left" for c in shown.columns]
    rows, headers = shown.to_numpy().tolist(), list(shown.columns)
    if not headers:
        return "(no rows)\n"
    return tabulate(rows, headers=headers, tablefmt=style, colalign=align, disable_numparse=True) + "\n"

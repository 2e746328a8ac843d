"""A data frame -> csv (raw numbers), markdown and LaTeX (numbers for readers); same frame, same bytes."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate

from vidattn.bench.analysis import numbers_in_words
from vidattn.bench.report import captions
from vidattn.data.files import atomic

MISSING = "-"
_PLAIN = {
    "last_loss_ratio": ".1f",
    "millions_published": ".1f",
    "latency_ms": ".1f",
    "train_seconds": ".1f",
    "evaluate_seconds": ".1f",
}
COUNTS = {"n", "n_official", "n_train", "folds", "seeds", "runs", "trainings", "groups", "classes"}
COUNTS |= {"parameters", "trainable", "flops", "frames", "epochs", "batch", "steps", "used", "updates"}
COUNTS |= {"spiked", "hit_epoch_limit", "stopped_while_improving", "family_size"}

TAG = re.compile("<(?=[a-zA-Z/!])")
ESCAPED = str.maketrans({c: f"\\{c}" for c in "_%&#${}"} | {"~": r"\textasciitilde{}", "^": r"\^{}"})


def write(
    frame: pd.DataFrame, folder: Path, name: str, legend: Iterable[str] = (), left_out: Iterable[str] = ()
) -> list[Path]:
    """Write `<name>.csv`, `.md` and `.tex` into a folder; returns the three paths.

    Args:
        frame: The table; the csv holds all of it.
        folder: Where the files go.
        name: Their name.
        legend: Paragraphs that stand above the table, the first is its caption.
        left_out: Columns that only the csv has.
    """
    path = atomic.write(Path(folder) / f"{name}.csv", csv(frame))
    return [path, *_texts(frame, Path(folder), name, legend, left_out)]


def _texts(
    frame: pd.DataFrame, folder: Path, name: str, legend: Iterable[str] = (), left_out: Iterable[str] = ()
) -> list[Path]:
    shown, held = brief(frame, left_out)
    parts = _parts(shown)
    ends = frame.columns.intersection(["top1_low", "difference_low", "top1_difference_low"])
    said = [*legend, *([captions.INTERVAL] if frame[ends].notna().to_numpy().any() else []), *held]
    files = {"md": "".join(f"{text}\n\n" for text in said) + _pipe(*parts)}
    files["tex"] = _captioned(said, _booktabs(*parts))
    return [atomic.write(folder / f"{name}.{suffix}", text) for suffix, text in files.items()]


def brief(frame: pd.DataFrame, left_out: Iterable[str] = ()) -> tuple[pd.DataFrame, list[str]]:
    """The frame less columns that need no room, and a line that says what they held."""
    absent = [name for name in left_out if name in frame]
    frame = frame.drop(columns=[c for c in frame if c.removesuffix("_low").removesuffix("_high") in absent])
    same = shared(frame)
    bounds = [f"{name}{end}" for name in same for end in ("_low", "_high")]
    shown = frame.drop(columns=[*same, *(name for name in bounds if name in frame)])
    return shown, [line for line in (held(same), _list("Only in the csv", absent)) if line]


def shared(frame: pd.DataFrame) -> dict[str, str]:
    """Columns with one value in all rows, as readers see it; never all columns, and none of one row."""
    if len(frame) < 2:
        return {}
    alike = dict(frame.nunique(dropna=False) == 1)
    bounds = _bounds(frame)
    parts = {
        c: [c, *(f"{c}{end}" for end in ("_low", "_high") if f"{c}{end}" in alike)]
        for c in frame
        if c not in bounds
    }
    same = [c for c in parts if all(alike[part] for part in parts[c])]
    if len(same) == len(parts):
        return {}
    shown = display(frame.iloc[:1][[part for c in same for part in parts[c]]])
    return {c: shown[c].iloc[0] for c in same}


def _bounds(frame: pd.DataFrame) -> set[str]:
    """Columns that hold an end of another column's interval."""
    ends = [c for c in frame.columns if c.endswith(("_low", "_high"))]
    return {c for c in ends if c.rsplit("_", 1)[0] in frame.columns}


def held(same: dict[str, str]) -> str:
    """`In every row: protocol clean. Missing in every row: latency_ms.`"""
    values = [f"{name} {value}" for name, value in same.items() if value != MISSING]
    missing = [name for name, value in same.items() if value == MISSING]
    return " ".join(filter(None, [_list("In every row", values), _list("Missing in every row", missing)]))


def _list(what: str, names: list[str]) -> str:
    return f"{what}: {', '.join(names)}." if names else ""


def _captioned(texts: list[str], tabular: str) -> str:
    """A LaTeX table environment, where there is something to say."""
    if not texts:
        return tabular
    caption = " ".join(text.translate(ESCAPED).replace("`", "") for text in texts)
    return f"\\begin{{table}}\n\\caption{{{caption}}}\n{tabular}\\end{{table}}\n"


def csv(frame: pd.DataFrame) -> str:
    """Raw columns, six significant digits, missing cells empty."""
    return integers(frame).to_csv(index=False, float_format="%.6g", lineterminator="\n")


def markdown(frame: pd.DataFrame) -> str:
    """A pipe table with `value [low, high]` in one column and `-` where nothing was measured."""
    return _pipe(*_parts(frame))


def display(frame: pd.DataFrame) -> pd.DataFrame:
    """Strings for readers: intervals folded into their value's column, one missing mark."""
    shown = _shown(integers(frame))
    return pd.DataFrame(shown, columns=list(shown), index=frame.index)


def _shown(whole: pd.DataFrame) -> dict[str, list[str]]:
    """The strings by column, of a frame that went through `integers`."""
    bounds = _bounds(whole)
    return {c: _column(whole, c) for c in whole.columns if c not in bounds}


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
    sign = "+" if "difference" in column and not column.startswith("max_") else ""
    if 1e-12 < abs(value) < 0.0005:
        return f"{value:{sign}.2g}"  # 0.000 would say that there is nothing
    plain = ".0f" if column.endswith("_mb") else _PLAIN.get(column, ".3f")
    return format(value, f"{sign}{plain}")


def judged(row: pd.Series, name: str) -> list[str]:
    """A difference with its interval, its p (of which part, if not of this), and what is detectable."""
    change = numbers_in_words.points(*(row[f"{name}{end}"] for end in ("", "_low", "_high")))
    least = row["detectable"]
    p = number(row["p_holm"], "p")
    if pd.notna(row.get("judged_in")):
        p = f"{p} ({row['judged_in']})"
    return [change, p, f"{100 * least:.1f} points" if pd.notna(least) else MISSING]


def integers(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of whole numbers with gaps become integers with gaps; counts never print as 12.0."""
    whole = {c: frame[c].astype("Int64") for c in frame.columns if _whole(frame[c], _counted(c))}
    return frame.assign(**whole)


def _whole(column: pd.Series, counted: bool) -> bool:
    """Whether a column holds whole numbers and gaps alone: integers, and of counts floats too."""
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) or isinstance(kind, pd.StringDtype):
        return False
    if pd.api.types.is_integer_dtype(kind):
        return bool(column.notna().any())
    if pd.api.types.is_float_dtype(kind) and not counted:
        return False
    kinds = (int, np.integer, float) if counted else (int, np.integer)
    values = column.dropna().tolist()
    return bool(values) and all(
        isinstance(v, kinds) and not isinstance(v, bool) and v == int(v) for v in values
    )


def _counted(column: str) -> bool:
    base = column
    for end in ("_published", "_difference", "_max"):
        base = base.removesuffix(end)
    return base in COUNTS or base.startswith(("parameters_", "flops_", "n_", "runs_", "seeds_"))


def _column(frame: pd.DataFrame, column: str) -> list[str]:
    values = [number(v, column) for v in frame[column].tolist()]
    if not {f"{column}_low", f"{column}_high"} <= set(frame.columns):
        return values
    bounds = [[number(v, column) for v in frame[f"{column}_{side}"].tolist()] for side in ("low", "high")]
    return [v if MISSING in (v, a, b) else f"{v} [{a}, {b}]" for v, a, b in zip(values, *bounds)]


def _parts(frame: pd.DataFrame) -> tuple[list[str], list[str], list[list[str]]]:
    """Names of the columns, how each is aligned, and its strings for readers, column by column."""
    whole = integers(frame)
    columns = _shown(whole)
    sides = ["right" if pd.api.types.is_numeric_dtype(whole[c]) else "left" for c in columns]
    return [*columns], sides, [*columns.values()]


def _pipe(headers: list[str], sides: list[str], columns: list[list[str]]) -> str:
    """A pipe table; what would end a cell or begin a tag is escaped."""
    escaped = [[TAG.sub("&lt;", value).replace("|", "\\|") for value in values] for values in columns]
    return _tabulated(headers, sides, escaped, "pipe")


def _booktabs(headers: list[str], sides: list[str], columns: list[list[str]]) -> str:
    return _tabulated(headers, sides, columns, "latex_booktabs")


def _tabulated(headers: list[str], sides: list[str], columns: list[list[str]], style: str) -> str:
    if not headers:
        return "(no rows)\n"
    rows = list(zip(*columns))
    return tabulate(rows, headers=headers, tablefmt=style, colalign=sides, disable_numparse=True) + "\n"

"""Tables: one file each, a function from results to a data frame. The file's name is the table's name."""

import inspect
from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pandas as pd

from vidattn.bench.analysis import comparisons
from vidattn.bench.report import device_kinds, render
from vidattn.bench.results.reader import Results
from vidattn.data.files.names import unknown


def names() -> list[str]:
    """Names of all tables."""
    return sorted(module.name for module in iter_modules(__path__))


def table(name: str, results: Results, options: dict | None = None) -> pd.DataFrame:
    """The data frame of one table.

    Args:
        name: Of its file.
        results: What was measured, what is planned and compared.
        options: `stale`: cells with records that other code or settings made.
    """
    if name not in names():
        raise ValueError(unknown("table", name, names()))
    return _module(name).table(results, options or {})


def write(names: list[str], results: Results, out: Path, options: dict | None = None) -> list[Path]:
    """Write each table as csv, markdown and LaTeX into the folder `out`; returns the paths."""
    frames = ((name, table(name, results, options)) for name in names)
    return [path for name, frame in frames for path in _write(name, frame, results, Path(out))]


def _write(name: str, frame: pd.DataFrame, results: Results, out: Path) -> list[Path]:
    left_out = getattr(_module(name), "LEFT_OUT", ())
    return render.write(frame, out, name, [*legend(name), *device_kinds.mixed(frame, results)], left_out)


def describe(name: str) -> str:
    """The first line of a table's docstring, which is its caption."""
    return legend(name)[0]


def legend(name: str) -> list[str]:
    """What stands above a table: paragraphs of its docstring and of what its rows and columns are."""
    module = _module(name)
    texts = [inspect.cleandoc(text or "") for text in (module.__doc__, module.table.__doc__)]
    said = "\n\n".join(text.partition("Compare:")[0].strip() for text in texts)
    return [" ".join(paragraph.split()) for paragraph in said.split("\n\n")]


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}")


def overview(results: Results, suite: Collection[str]) -> str:
    """The cells of a suite for a terminal: top-1 with its interval, n, size and cost, as in the tables."""
    frame = comparisons.cells(results)
    frame = frame[[cell in suite for cell in results.ids]]
    columns = [
        "protocol",
        "architecture",
        "attention",
        "top1",
        "top1_low",
        "top1_high",
        "n",
        "folds",
        "flops",
        "encoder",
    ]
    first = ["dataset", "backbone"]
    shown = frame[[*first, *columns]].sort_values([*first, "protocol", "architecture", "attention"])
    note = "\nWhere the encoder is frozen, FLOPs are of the head alone.\n"
    return render.markdown(shown) + (note if (frame["encoder"] == "frozen").any() else "")


def metrics(results: Results, suite: Collection[str]) -> dict[str, dict]:
    """For `dvc metrics show` and `diff`: top-1, parameters and FLOPs of each cell of a suite that was run."""
    frame = comparisons.cells(results).assign(cell=list(results.ids)).dropna(subset=["top1"])
    frame = frame[frame["cell"].isin(suite)]
    rows = frame[["cell", "top1", "parameters", "flops"]].itertuples(index=False)
    return {
        r.cell: {"top1": round(r.top1, 6), "parameters": int(r.parameters), "flops": int(r.flops)}
        for r in rows
    }

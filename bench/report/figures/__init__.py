"""Figures as SVG, the same bytes from the same results, readable without colour.

A figure is one file with `draw(results) -> {name: Drawing}`. It may state `ORDER`, its place among
the figures (the last without), and `BESIDE`, the table that it stands with.
"""

import io
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import matplotlib
from matplotlib.figure import Figure

from vidattn.bench.report.figures.confusion import confusion as confusion
from vidattn.bench.report.figures.style import STYLE
from vidattn.bench.results.reader import Results
from vidattn.data.files import atomic

# Text stays text: a third of the size, searchable; browsers without the first font take the next.
TEXT = {"svg.fonttype": "none", "font.family": ["DejaVu Sans", "sans-serif"]}


def modules() -> list[ModuleType]:
    """The files of this folder that draw, in their order."""
    every = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    drawing = [module for module in every if hasattr(module, "draw")]
    return sorted(drawing, key=lambda module: (getattr(module, "ORDER", 1000), module.__name__))


def write(results: Results, folder: Path) -> dict[str, tuple[Path, str, str]]:
    """Draw every figure that the results can fill; returns name -> (path of the SVG, caption, its table)."""
    found = {}
    with matplotlib.rc_context(STYLE):
        for module in modules():
            for name, (figure, caption) in module.draw(results).items():
                path = atomic.write(Path(folder) / f"{name}.svg", encode(figure, "svg", name))
                found[name] = (path, caption, getattr(module, "BESIDE", ""))
    return found


def encode(figure: Figure, kind: str, salt: str) -> bytes:
    """The bytes of a figure: no date, ids salted by its name."""
    buffer = io.BytesIO()
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    with matplotlib.rc_context({**STYLE, **TEXT, "svg.hashsalt": salt}):
        figure.savefig(buffer, format=kind, metadata=metadata, dpi=120)
    return buffer.getvalue()

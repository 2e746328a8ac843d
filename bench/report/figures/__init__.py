"""Figures in Vega-Lite, drawn as SVG and on the page: same bytes from same results, readable without colour.

A figure is one file with `draw(results) -> {name: Drawing}`. It may state `ORDER`, its place among
the figures (the last without), and `BESIDE`, the table that it stands with.
"""

import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from altair.utils.schemapi import debug_mode

from vidattn.bench.report.figures import render
from vidattn.bench.report.figures.style import CONFIG, Drawing
from vidattn.bench.results.reader import Results


class Written(NamedTuple):
    """A figure that was drawn: its SVG, caption, the table that it stands with, and Vega-Lite."""

    path: Path
    caption: str
    beside: str
    spec: dict[str, Any]


def modules() -> list[ModuleType]:
    """The files of this folder that draw, in their order."""
    every = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    drawing = [module for module in every if hasattr(module, "draw")]
    return sorted(drawing, key=lambda module: (getattr(module, "ORDER", 1000), module.__name__))


def write(results: Results, folder: Path) -> dict[str, Written]:
    """Draw every figure that the results can fill, those anew whose description is another; by name."""
    found = {}
    for module in modules():
        with debug_mode(False):  # tests validate; it takes longer than to draw
            drawings = module.draw(results)
        for name, drawing in drawings.items():
            spec = described(drawing)
            path = render.write(spec, Path(folder) / f"{name}.svg")
            found[name] = Written(path, drawing.caption, getattr(module, "BESIDE", ""), spec)
    return found


def described(drawing: Drawing) -> dict[str, Any]:
    """A figure in Vega-Lite, its caption as the description that a screen reader reads."""
    spec = drawing.chart.to_dict(validate=False)
    return {**spec, "config": CONFIG, "description": drawing.caption}

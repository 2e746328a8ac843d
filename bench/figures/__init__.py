"""Figures as SVG and PNG, the same bytes from the same results, readable without colour.

A figure is one file with `draw(results) -> {name: Drawing}`, named in `FIGURES` in the order of the report.
"""

import io
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from vidattn.bench.figures import forest, learning_curves, protocols, ranks, saturation, tradeoff
from vidattn.bench.figures.confusion import confusion as confusion
from vidattn.bench.figures.style import STYLE, Drawing
from vidattn.bench.results import Results
from vidattn.data import atomic

FIGURES = (forest, protocols, tradeoff, ranks, learning_curves, saturation)
# Text stays text: a third of the size, searchable; browsers without the first font take the next.
TEXT = {"svg.fonttype": "none", "font.family": ["DejaVu Sans", "sans-serif"]}


def write(results: Results, folder: Path) -> dict[str, tuple[Path, str]]:
    """Draw every figure that the results can fill; returns name -> (path of the SVG, caption).

    A PNG lies beside each SVG.
    """
    found = {}
    for name, (figure, caption) in draw(results).items():
        path = atomic.write(Path(folder) / f"{name}.svg", encode(figure, "svg", name))
        atomic.write(Path(folder) / f"{name}.png", encode(figure, "png", name))
        found[name] = (path, caption)
    return found


def draw(results: Results) -> dict[str, Drawing]:
    """Name -> figure and caption."""
    with matplotlib.rc_context(STYLE):
        return {name: drawing for module in FIGURES for name, drawing in module.draw(results).items()}


def encode(figure: Figure, kind: str, salt: str) -> bytes:
    """The bytes of a figure: no date, ids salted by its name."""
    buffer = io.BytesIO()
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    with matplotlib.rc_context({**STYLE, **TEXT, "svg.hashsalt": salt}):
        figure.savefig(buffer, format=kind, metadata=metadata, dpi=120)
    return buffer.getvalue()

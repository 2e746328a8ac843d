"""How figures look: readable without colour, the same everywhere."""

from typing import Any, NamedTuple

from matplotlib.figure import Figure

# Okabe and Ito's colours, each with its own marker and dash, so that no reading depends on colour.
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#8C8C8C")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)), (0, (8, 2)), (0, (3, 3)))
STYLE: Any = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}


def look(kind: int) -> dict[str, Any]:
    """Colour and marker of the kind of that number; from the ninth on hollow, in other colours."""
    turn, place = divmod(kind, len(MARKERS))
    colour = COLOURS[(place + 3 * turn) % len(COLOURS)]
    return {"color": colour, "marker": MARKERS[place], "mfc": "none" if turn % 2 else colour}


class Drawing(NamedTuple):
    """A figure with the caption that the report prints below it."""

    figure: Figure
    caption: str

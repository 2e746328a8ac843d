"""What each attention is worth: its difference to the control with interval, a heading a data set."""

import pandas as pd

from vidattn.bench.analysis import comparisons, main_effects
from vidattn.bench.report.figures import intervals
from vidattn.bench.report.figures.style import Drawing, Layers
from vidattn.bench.results.reader import Results

ORDER = 10
WIDTH = 430  # pixels: on a telephone its letters are then as large as those of a caption
CAPTION = (
    "Top-1 with attention minus top-1 of the same model without, mean over models, clean protocols, with "
    "95 % intervals. Filled: significant after Holm's correction within the data set."
)


def draw(results: Results) -> dict[str, Drawing]:
    """One figure, where an attention was compared with its control under a clean protocol."""
    effects = main_effects.table(results)
    return {"answer": Drawing(answer(effects), CAPTION)} if len(effects) else {}


def answer(effects: pd.DataFrame) -> Layers:
    """A row an effect with its numbers at the right, the largest first below its data set and protocol."""
    families = effects.groupby(["dataset", "protocol"], sort=False)
    parts = [part.sort_values("difference", ascending=False, kind="stable") for _, part in families]
    ordered = pd.concat(parts)
    shown = intervals.rows(ordered, ordered["attention"], comparisons.significant(ordered))
    return intervals.forest(shown, "difference in top-1, points", WIDTH)

"""What each attention is worth: its difference to the control with interval, a heading a data set."""

import altair as alt
import pandas as pd

from vidattn.bench.analysis import comparisons, main_effects
from vidattn.bench.report import answer as sentences
from vidattn.bench.report.figures import intervals
from vidattn.bench.report.figures.style import Drawing, Layers
from vidattn.bench.results.reader import Results

ORDER = 10
FILLED = "Filled: significant after Holm's correction"
WIDTH = 430  # pixels: on a telephone its letters are then as large as those of a caption
CAPTION = (
    "Top-1 with attention minus that of its control (the same model without it; its readout without "
    "attention; over time, uniform weights), mean over models, clean protocols, with 95 % intervals. Filled: "
    "significant after Holm's correction within the data set."
)


def draw(results: Results) -> dict[str, Drawing]:
    """One figure, where an attention was compared with its control under a clean protocol."""
    effects = main_effects.table(results)
    if effects.empty:
        return {}
    first = effects["dataset"].map(lambda name: sentences.KINDS.index(sentences.kind(results, name)))
    effects = effects.loc[first.sort_values(kind="stable").index]
    said = alt.TitleParams(
        [*map(_in_short, sentences.kinds(results)), FILLED], anchor="start", frame="bounds"
    )
    return {"answer": Drawing(answer(effects).properties(title=said), CAPTION)}


def _in_short(kind: dict) -> str:
    """`Real clips: higher in 0 of 25 comparisons, lower in 8`."""
    higher, lower = (kind[way]["count"] for way in ("higher", "lower"))
    return f"{kind['name'].capitalize()}: higher in {higher} of {kind['count']} comparisons, lower in {lower}"


def answer(effects: pd.DataFrame) -> Layers:
    """A row an effect with its numbers at the right, the largest first below its data set and protocol."""
    families = effects.groupby(["dataset", "protocol"], sort=False)
    parts = [part.sort_values("difference", ascending=False, kind="stable") for _, part in families]
    ordered = pd.concat(parts)
    shown = intervals.rows(ordered, ordered["attention"], ordered["p_holm"] < comparisons.LEVEL)
    return intervals.forest(shown, "difference in top-1, points", WIDTH)

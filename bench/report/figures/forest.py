"""Differences to no attention with their intervals."""

import pandas as pd

from vidattn.bench.analysis import against_controls, comparisons
from vidattn.bench.report.figures import intervals
from vidattn.bench.report.figures.style import WIDTH, Drawing, Layers
from vidattn.bench.results.reader import Results

CAPTION = (
    "Each attention minus none on the same clips, with 95 % intervals for other clips and other training "
    "runs; filled where p is below 0.05 after Holm's correction."
)
ORDER = 20
BESIDE = "grid"


def draw(results: Results) -> dict[str, Drawing]:
    """One figure, where an attention was compared with none."""
    versus = against_controls.versus(results, comparisons.against_none(results))
    known = versus[versus["difference_low"].notna()] if len(versus) else versus
    return {"forest": Drawing(forest(known), CAPTION)} if len(known) else {}


def forest(versus: pd.DataFrame) -> Layers:
    """Difference of each attention to none with its interval, below a heading a data set and protocol."""
    families = versus.groupby(["dataset", "protocol"], sort=False)
    ordered = pd.concat([part.sort_values("attention", kind="stable") for _, part in families])
    name = ordered[["attention", "backbone", "architecture"]].agg(" / ".join, axis=1)
    shown = intervals.rows(ordered, name, comparisons.significant(versus))
    return intervals.forest(shown, "top-1, attention minus none, points (filled: Holm p < 0.05)", WIDTH)

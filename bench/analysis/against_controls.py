"""Cells against their controls, each with the one p that stands for it in all tables."""

from collections.abc import Collection
from dataclasses import replace

import pandas as pd

from vidattn.bench.analysis import comparisons, controls, no_learning, planned, verdicts
from vidattn.bench.analysis.comparisons import Kind, Pairs
from vidattn.bench.results.reader import Results


def versus(
    results: Results, pairs: Pairs, cells: Collection[str] | None = None, kind: Kind | None = None
) -> pd.DataFrame:
    """As `comparisons.versus`, with the p of main effects and of named comparisons where these have it.

    `judged_in` names that part; `detectable` and `family_size` are of its family. `control_learned` is False
    where the control's training learned nothing (`no_learning`).

    Args:
        results: What was measured.
        pairs: Cells and their controls.
        cells: What is planned, where `results` do not know it; only the table `probe` gives it.
        kind: As of `comparisons.versus`.
    """
    if cells is not None and tuple(cells) != results.planned_ids:
        results = replace(results, planned=tuple(cells))
    frame = comparisons.versus(results, pairs, kind)
    if not pairs:
        return frame
    learned = [no_learning.usable(results.records.get(control, [])) for _, control in pairs]
    frame = frame.assign(control_learned=learned)
    register = planned.judged(results)
    before = [register.get(key) for key in controls.keys(pairs)]
    return verdicts.take(frame, [None if one and one.part == controls.PART else one for one in before])

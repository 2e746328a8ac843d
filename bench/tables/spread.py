"""How far the trainings of one cell lie apart: least, greatest and standard deviation of top-1."""

import pandas as pd

from vidattn.bench import summary
from vidattn.bench.results import COORDINATES, Results, coordinates

COLUMNS = [*COORDINATES, "runs", "top1", "top1_least", "top1_greatest", "deviation"]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row a cell that was trained more than once, over folds and seeds; the probe trains nothing.

    Folds have other test clips, so that a part of the spread is theirs.
    """
    rows = [_row(results, cell) for cell in results.ids if len(results.records[cell]) > 1]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame[~summary.probe(frame)].reset_index(drop=True)


def _row(results: Results, cell: str) -> dict:
    top1 = results.runs[results.runs["cell"] == cell]["top1"]
    values = {"top1": top1.mean(), "top1_least": top1.min(), "top1_greatest": top1.max()}
    return {**coordinates(cell), "runs": len(top1), **values, "deviation": top1.std(ddof=1)}

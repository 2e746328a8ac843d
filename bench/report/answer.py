"""The report's first sentences, from the main effects and the leakage that the tables hold."""

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from vidattn.bench.analysis import main_effects, numbers_in_words, untrained
from vidattn.bench.report.tables import icip_explained
from vidattn.bench.results import files
from vidattn.bench.results.reader import Results


def facts(results: Results, tables: Path, planned: Collection[str] | None = None) -> dict:
    """What the template `answer.txt` speaks of; empty where no attention was compared with its control.

    Args:
        results: What was measured.
        tables: Folder with icip_explained.csv, whose rows on leakage are read.
        planned: Every cell of params.yaml, for the sizes of families; default those of the results.
    """
    effects = main_effects.table(results, planned)
    if effects.empty:
        return {}
    known = effects["p_holm"] < 0.05
    rest = effects[~known]["difference_high"]
    return {
        "count": len(effects),
        "higher": _places(effects, known & (effects["difference"] > 0)),
        "lower": _places(effects, known & (effects["difference"] < 0)),
        "rest": len(rest),
        "excluded": numbers_in_words.excluded(rest.max()) if len(rest) else "",
        "leakage": _leakage(tables),
    }


def _places(effects: pd.DataFrame, those: pd.Series) -> dict:
    """The data sets that have some of those effects: how many of how many, the largest; and the others."""
    places = []
    for dataset, part in effects.groupby("dataset", sort=False):
        some = part[those[part.index]]
        if len(some):
            most = f"{100 * some['difference'].abs().max():.1f}"
            places.append({"dataset": dataset, "count": len(some), "of": len(part), "most": most})
    return {"places": places, "others": len(effects) - sum(place["of"] for place in places)}


def _leakage(tables: Path) -> dict:
    """The least and the greatest gain of a head by the random split alone; empty where none was measured."""
    path = Path(tables) / "icip_explained.csv"
    columns = ["effect", "top1_difference", "dataset"]
    frame = files.made(path, columns) if path.is_file() else pd.DataFrame(columns=columns)
    heads = icip_explained.leaks(frame)
    trained = heads["effect"].astype(str).str.split(": ").str[-1].map(untrained.trained).astype(bool)
    gains = 100 * heads[trained]["top1_difference"].dropna()
    if gains.empty:
        return {}
    dataset = ", ".join(dict.fromkeys(frame.loc[gains.index, "dataset"]))
    return {
        "low": f"{gains.min():+.1f}",
        "high": f"{gains.max():+.1f}",
        "heads": len(gains),
        "dataset": dataset,
    }

"""The report's first sentences, from the main effects and the leakage that the tables hold."""

from pathlib import Path

import pandas as pd

from vidattn.bench.analysis import comparisons, main_effects, untrained
from vidattn.bench.config import plugin_files
from vidattn.bench.report.tables import icip_explained
from vidattn.bench.results import files
from vidattn.bench.results.reader import Results, coordinates


def facts(results: Results, tables: Path) -> dict:
    """What the template `answer.txt` speaks of; empty where no attention was compared with its control.

    Args:
        results: What was measured.
        tables: Folder with icip_explained.csv, whose rows on leakage are read.
    """
    effects = main_effects.table(results)
    if effects.empty:
        return {}
    known = comparisons.significant(effects)
    rest = effects[~known]
    return {
        "count": len(effects),
        "higher": _places(effects, known & (effects["difference"] > 0)),
        "lower": _places(effects, known & (effects["difference"] < 0)),
        "rest": len(rest),
        "open": _open(rest),
        "synthetic": [name for name in effects["dataset"].unique() if plugin_files.generated(name)],
        "leakage": _leakage(results, tables),
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


def _open(rest: pd.DataFrame) -> list[dict]:
    """By data set the largest gain that the intervals of these effects do not exclude; "" where any is."""
    highs = 100 * rest.groupby("dataset", sort=False)["difference_high"].max()
    return [{"dataset": name, "gain": f"{high:.1f}" if high > 0 else ""} for name, high in highs.items()]


def _leakage(results: Results, tables: Path) -> dict:
    """The least and the greatest change by random clips alone, and of how many models; {} without any."""
    path = Path(tables) / "icip_explained.csv"
    columns = ["effect", "top1_difference", "dataset", "cell", "control"]
    frame = files.made(path, columns) if path.is_file() else pd.DataFrame(columns=columns)
    heads = icip_explained.leaks(frame)
    trained = heads["effect"].astype(str).str.split(": ").str[-1].map(untrained.trained).astype(bool)
    models = heads[trained & heads["top1_difference"].notna()]
    if models.empty:
        return {}
    gains, where = 100 * models["top1_difference"], [coordinates(cell) for cell in models["cell"]]
    leaky, clean = (coordinates(models[arm].iloc[0])["protocol"] for arm in ("cell", "control"))
    return {
        "low": f"{gains.min():+.1f}",
        "high": f"{gains.max():+.1f}",
        "models": len(models),
        "heads": len({each["architecture"] for each in where}),
        "backbones": len({each["backbone"] for each in where}),
        "datasets": list(dict.fromkeys(models["dataset"])),
        "settings": comparisons.differing(results, leaky, clean),
    }

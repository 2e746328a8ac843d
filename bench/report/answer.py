"""The report's first sentences, from the main effects and the leakage that the tables hold."""

from pathlib import Path

import pandas as pd

from vidattn.bench.analysis import comparisons, main_effects, numbers_in_words, untrained
from vidattn.bench.config import plugin_files
from vidattn.bench.report.tables import icip_explained
from vidattn.bench.results import files
from vidattn.bench.results.reader import Results, coordinates

KINDS = ("real clips", "images", "synthetic clips")


def facts(results: Results, tables: Path) -> dict:
    """What the template `answer.txt` speaks of; empty where no attention was compared with its control.

    Args:
        results: What was measured.
        tables: Folder with icip_explained.csv, whose rows on leakage are read.
    """
    found = kinds(results)
    return {"kinds": found, "leakage": _leakage(results, tables)} if found else {}


def kinds(results: Results) -> list[dict]:
    """What the main effects say of real clips, images and synthetic clips, of those that have any."""
    effects = main_effects.table(results)
    places = [_place(results, dataset, part) for dataset, part in effects.groupby("dataset", sort=False)]
    alike = [(name, [place for place in places if place["kind"] == name]) for name in KINDS]
    return [_together(name, mine) for name, mine in alike if mine]


def _place(results: Results, dataset: str, effects: pd.DataFrame) -> dict:
    """Of a data set: what it is made of, significant effects, and the largest gain not excluded."""
    sure = effects[effects["p_holm"] < comparisons.LEVEL]["difference"]
    rest = effects[effects["p_holm"] >= comparisons.LEVEL]["difference_high"].max()
    return {
        "dataset": dataset,
        "kind": kind(results, dataset),
        "count": len(effects),
        "higher": (100 * sure[sure > 0]).tolist(),
        "lower": (-100 * sure[sure < 0]).tolist(),
        "open": float(100 * rest) if rest > 0 else 0.0,
    }


def kind(results: Results, dataset: str) -> str:
    """What a data set is made of: one of `KINDS`."""
    if plugin_files.generated(dataset):
        return "synthetic clips"
    cells = [where for where in map(coordinates, results.ids) if where["dataset"] == dataset]
    items = numbers_in_words.items(results, pd.DataFrame(cells))
    return "real clips" if items == "clips" else items


def _together(name: str, places: list[dict]) -> dict:
    """What is said of the data sets of a kind: counts, the largest changes, and gains not excluded by set."""
    ends = {way: [value for place in places for value in place[way]] for way in ("higher", "lower")}
    said = {way: {"count": len(found), "most": f"{max(found, default=0):.1f}"} for way, found in ends.items()}
    return {
        "name": name,
        "datasets": [place["dataset"] for place in places],
        "count": sum(place["count"] for place in places),
        **said,
        "open": [(place["dataset"], f"{place['open']:.1f}") for place in places if place["open"] > 0],
    }


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

"""Scores of maps as results/explain holds them, read for tables."""

from collections.abc import Iterator

import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results, coordinates

BASELINES = ("area", "centre", "other", "untrained", "motion")
MISSING = "missing"


def scored(results: Results) -> Iterator[tuple[str, str, dict, dict]]:
    """Cell, map, what was found of it, and the cell's number of folds and seeds, and whether it is `stale`.

    A cell with scores of an older form, or with none although its data set has truth (other cells of it were
    scored) and it was run, is one map `missing`.
    """
    found = {cell: results.explained(cell) for cell in results.ids}
    current = {cell: _current(content) for cell, content in found.items()}
    code = study_code.maps_digest()
    sets = {coordinates(cell)["dataset"] for cell, maps in current.items() if maps}
    for cell, maps in current.items():
        counts = {key: found[cell].get(key) for key in ("folds", "seeds")}
        counts["stale"] = "" if found[cell].get("digests", {}).get("code") == code else study_code.STALE
        for name, content in maps.items():
            yield cell, name, content, counts
        if not maps and coordinates(cell)["dataset"] in sets and (found[cell] or results.records[cell]):
            yield cell, MISSING, {}, {}


def marked(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows, with the column `stale` only where other code scored some of them."""
    return frame if (frame["stale"] == study_code.STALE).any() else frame.drop(columns="stale")


def _current(content: dict) -> dict[str, dict]:
    return {name: each for name, each in content.get("maps", {}).items() if "scores" in each}


def interval(name: str, found: dict) -> dict[str, float | None]:
    """Value and ends under the names of columns."""
    return {
        f"{name}{end}": found.get(key) for end, key in (("", "value"), ("_low", "low"), ("_high", "high"))
    }


def strongest(score: dict) -> str | None:
    """The baseline with the highest mean; None where there is none."""
    baselines = {name: each["value"] for name, each in score.get("baselines", {}).items()}
    return max(baselines, key=baselines.__getitem__) if baselines else None


def survives(content: dict) -> str | None:
    """Whether a map survives random weights: "yes" or "no"; None where it was not checked."""
    return {True: "yes", False: "no"}.get(content.get("sanity", {}).get("survives"))

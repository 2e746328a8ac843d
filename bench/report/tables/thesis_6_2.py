"""What the thesis reads from its maps (tables 6.2 and 6.3, section 7.3), put to the test."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from vidattn.bench.analysis import maps
from vidattn.bench.config import plugin_files
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

COLUMNS = ["statement", *COORDINATES, "map", "measure", "value", "value_low", "value_high", "verdict", "n"]


@dataclass(frozen=True)
class Statement:
    """A statement as a number of a map, and where that has to lie.

    Attributes:
        text: What is said.
        attention: Of the models that it is about, by the name of its file; "" is all.
        map: Of the map that it is about.
        measure: "<score>", its level; "<score> - <baseline>", a difference; "<score> against <map>", the
            difference to a map of the control.
        above: Where True it holds above the limit, else below.
        limit: Of the number.
    """

    text: str
    attention: str
    map: str
    measure: str
    above: bool
    limit: float = 0.0


STATEMENTS = (
    Statement("L2PA gives no usable maps", "l2pa", "combined", "mass - area", above=False),
    Statement("the early map of residual attention is background", "residual", "early", "mass - area", False),
    Statement("maps of the gated grid lie at the borders", "gated_grid", "combined", "border", True, 1.0),
    Statement("the late gate collapses into few places", "gated", "late", "entropy", False, 0.5),
    Statement(
        "CBAM's Grad-CAM focuses better than without", "cbam", "grad_cam", "mass against grad_cam", True
    ),
    Statement("learned maps are needed: Grad-CAM does less", "", "combined", "mass against grad_cam", True),
)


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per statement and a scored model that it is about, in this suite's settings, not the thesis'.

    `measure` names scores of the table attention_scores, as `mass`, the share of a map's magnitudes that lies
    on the actor; with a minus, the difference to a baseline there. Confirmed or contradicted: the whole
    interval, for other clips and other training runs, lies on that side; else open, as where nothing was
    scored. Intervals stand alone: none is corrected for the number of rows.
    """
    scored = list(maps.scored(results))
    rows = [row for each in STATEMENTS for row in _rows(each, scored, results)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(statement: Statement, scored: list, results: Results) -> Iterator[dict]:
    said = {"statement": statement.text, "map": statement.map, "measure": statement.measure}
    count = 0
    for cell, name, content, _ in scored:
        where = coordinates(cell)
        found = _measured(statement.measure, content)
        if name == statement.map and found and _about(statement.attention, where["attention"], results):
            count += 1
            row = {**said, **where, **maps.interval("value", found), "n": found.get("n")}
            yield {**row, "verdict": _verdict(statement, found)}
    if not count:
        yield {**said, "verdict": "open"}


def _about(wanted: str, attention: str, results: Results) -> bool:
    """Whether an attention, or a variant of it that is no control, is the one that a statement is about."""
    file = plugin_files.among(results.plugins, "attention", attention).file
    return not wanted or (file == wanted and attention not in results.controls)


def _measured(measure: str, content: dict) -> dict:
    """Value, ends and n of what a statement is about; empty where it is not there."""
    score, _, other = measure.partition(" against ")
    if other:
        return content.get("against", {}).get(other, {}).get(score, {})
    score, _, baseline = measure.partition(" - ")
    level = content.get("scores", {}).get(score, {})
    if not baseline or not level:
        return level
    beside = level["baselines"].get(baseline)
    return {**beside, "value": beside["difference"], "n": level["n"]} if beside else {}


def _verdict(statement: Statement, found: dict) -> str:
    low, high = found["low"], found["high"]
    if low is None or high is None:
        return "open"
    above, below = low > statement.limit, high < statement.limit
    return "open" if not (above or below) else "confirmed" if above == statement.above else "contradicted"

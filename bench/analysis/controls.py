"""What an attention is measured against: the same cell without it, trained on the same clips."""

from collections.abc import Collection, Hashable
from functools import partial

from vidattn.bench.analysis import comparisons, verdicts
from vidattn.bench.analysis.comparisons import Kind, Pairs
from vidattn.bench.analysis.verdicts import Judged
from vidattn.bench.config import plugin_files
from vidattn.bench.config.plugin_files import Named
from vidattn.bench.results.reader import Results, coordinates, identity

PART = "comparisons with controls"


def control(cell: str, named: Named | None = None) -> str | None:
    """The id of the cell that differs in the attention alone; None where a cell has none.

    Attention over maps is measured against `none`; an architecture with attention over time against the one
    that its file names as `CONTROL`, of the same readout and scaling.

    Args:
        cell: Its id.
        named: What names stand for, as `results.plugins`; without it each stands for the file of that name.
    """
    where = coordinates(cell)
    if where["attention"] != "none":
        return identity({**where, "attention": "none"})
    uniform = plugin_files.control(where["architecture"], named or {})
    return identity({**where, "architecture": uniform}) if uniform else None


def pairs(results: Results) -> list[tuple[str, str]]:
    """Every cell with attention that was run, with its control, where that was run too."""
    every = [(cell, control(cell, results.plugins)) for cell in results.ids if results.records[cell]]
    return [(cell, other) for cell, other in every if other and results.records.get(other)]


def over_time(results: Results, cells: Collection[str]) -> list[tuple[str, str]]:
    """Every cell whose attention is over time alone, paired with its control where that is there too."""
    names = dict.fromkeys(cells)
    alone = [cell for cell in names if coordinates(cell)["attention"] == "none"]
    every = [(cell, control(cell, results.plugins)) for cell in alone]
    return [(cell, other) for cell, other in every if other and other in names]


def attention_of(cell: str) -> str:
    """What a cell's comparison with its control is about: the attention, or the architecture that has one."""
    where = coordinates(cell)
    return where["attention"] if where["attention"] != "none" else where["architecture"]


def kinds(results: Results) -> tuple[Kind, ...]:
    """The kinds of comparisons with controls: each is a family on a data set and protocol."""
    return comparisons.with_none, partial(over_time, results)


def judged(results: Results) -> dict[Hashable, Judged]:
    """The register of cells against their controls, each kind corrected on its own."""
    found: dict[Hashable, Judged] = {}
    for kind in kinds(results):
        if pairs := kind(results.ids):
            frame = comparisons.versus(results, pairs, kind)
            found |= verdicts.collect([PART] * len(frame), frame, keys(pairs))
    return found


def keys(pairs: Pairs) -> list[Hashable]:
    """Under which the register has the differences of these pairs."""
    return [verdicts.key({cell: 1.0, control: -1.0}) for cell, control in pairs]

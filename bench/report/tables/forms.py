"""Does the mechanism fail, or the version of the thesis: an attention as its paper has it against that."""

from collections.abc import Collection
from dataclasses import replace
from functools import partial

import pandas as pd

from vidattn.bench.analysis import against_controls
from vidattn.bench.config import plugin_files
from vidattn.bench.results.reader import Results, coordinates, identity

FORM, PAPER = "form", "original"  # the argument of an attention that says so
WHERE = ["dataset", "protocol", "backbone", "architecture"]
DIFFERENCE = ["difference", "difference_low", "difference_high", "p_holm", "judged_in", "detectable", "folds"]
ARMS = ["n", "n_thesis_form", "seeds", "seeds_thesis_form"]
GAIN = [*DIFFERENCE, *ARMS]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per model with an attention in both forms: top-1 of its paper's form minus that of the thesis'.

    Holm corrects over these comparisons, of those that params.yaml plans on the data set and protocol, run or
    not; where `judged_in` names another part, p is from there. `n` counts predictions, `seeds` training runs
    of a fold.
    """
    pairs = _pairs(results, [*results.ids, *results.planned_ids])
    rows = [
        {**coordinates(cell), "cell": cell, "thesis_form": coordinates(form)["attention"]}
        for cell, form in pairs
    ]
    frame = pd.DataFrame(rows, columns=["cell", *WHERE, "attention", "thesis_form"])
    run = [pair for pair in pairs if all(results.records.get(cell) for cell in pair)]
    if not run:
        return frame.drop(columns="cell").assign(**dict.fromkeys(GAIN, float("nan")))
    found = against_controls.versus(results, run, kind=partial(_pairs, results))
    counts = [[count for name in ("n", "seeds") for count in arms[0][name]] for arms in found["arms"]]
    found = found[["cell", *DIFFERENCE]].join(pd.DataFrame(counts, columns=ARMS, index=found.index))
    return frame.merge(found, on="cell", how="left").drop(columns="cell")


def _pairs(results: Results, cells: Collection[str]) -> list[tuple[str, str]]:
    """The cells in a paper's form, each with the same in that of the thesis."""
    names = dict.fromkeys(cells)
    return [(cell, form) for cell in names if (form := _thesis(results, cell)) in names]


def _thesis(results: Results, cell: str) -> str | None:
    """The same cell with its attention in the form of the thesis, None where it is no paper's form."""
    where = coordinates(cell)
    plugin = plugin_files.among(results.plugins, "attention", where["attention"])
    if plugin.arguments.get(FORM) != PAPER:
        return None
    others = {name: value for name, value in plugin.arguments.items() if name != FORM}
    thesis = plugin_files.name_of(replace(plugin, arguments=others), results.plugins)
    return identity({**where, "attention": thesis}) if thesis else None

"""Does the mechanism fail, or the version of the thesis: an attention as its paper has it against that."""

import pandas as pd

from vidattn.bench.analysis import against_controls
from vidattn.bench.results.reader import Results, coordinates, identity

FORM = "_original"
WHERE = ["dataset", "protocol", "backbone", "architecture"]
GAIN = [
    "difference",
    "difference_low",
    "difference_high",
    "p_holm",
    "judged_in",
    "detectable",
    "n",
    "folds",
    "seeds",
]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per model with an attention in both forms: top-1 of its paper's form minus that of the thesis'.

    Holm corrects over the attentions that params.yaml plans on the data set and protocol, run or not; where
    `judged_in` names another part, p is from there. `n` and `seeds` are of the form that has fewer.
    """
    cells = {**dict.fromkeys(results.ids), **dict.fromkeys(options.get("planned", ()))}
    pairs = [(cell, form) for cell in cells if (form := _thesis(cell)) in cells]
    rows = [
        {**coordinates(cell), "cell": cell, "thesis_form": coordinates(form)["attention"]}
        for cell, form in pairs
    ]
    frame = pd.DataFrame(rows, columns=["cell", *WHERE, "attention", "thesis_form"])
    run = [pair for pair in pairs if all(results.records.get(cell) for cell in pair)]
    if not run:
        return frame.drop(columns="cell").assign(**dict.fromkeys(GAIN, float("nan")))
    found = against_controls.versus(results, run, options.get("planned"))[["cell", *GAIN]]
    return frame.merge(found, on="cell", how="left").drop(columns="cell")


def _thesis(cell: str) -> str | None:
    """The same cell with its attention in the form of the thesis, None where it is no paper's form."""
    where = coordinates(cell)
    if not where["attention"].endswith(FORM):
        return None
    return identity({**where, "attention": where["attention"].removesuffix(FORM)})

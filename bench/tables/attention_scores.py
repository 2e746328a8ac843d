"""Where maps look: their share on the actor, and that of temporal weights on the informative frames."""

import pandas as pd

from vidattn.bench import summary
from vidattn.bench.results import COORDINATES, Results, coordinates

VALUES = ("inside", "hits", "inside_difference", "hits_difference")
COLUMNS = [
    *COORDINATES,
    "map",
    *[f"{name}{end}" for name in VALUES[:2] for end in ("", "_low", "_high")],
    "chance",
    "inside_other",
    *[f"{name}{end}" for name in VALUES[2:] for end in ("", "_low", "_high")],
    *("n", "groups", "folds", "seeds", "weights"),
]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row a map of a scored cell; other cells have no truth, or no map of the frames.

    `inside` is the share of a map's mass on the actor (of `time`: on the informative frames), `hits` the
    pointing game, `chance` what an even map gets in both, and the differences are to it, paired by clip.
    `inside_other` is the mass inside another clip's mask: a map that scores as well there looks at a place,
    not at what is shown.
    """
    rows = []
    for cell in results.ids:
        found = results.explained(cell)
        for name, scores in found.get("maps", {}).items():
            counts = {key: found[key] for key in ("folds", "seeds")}
            counts["weights"] = summary.weights(results, cell)
            rows.append({**coordinates(cell), "map": name, **scores, **counts})
    return pd.DataFrame(rows, columns=COLUMNS)

"""What random weights leave of maps; whether the model uses what they point to; whether they tell classes."""

import pandas as pd

from vidattn.bench.analysis import maps
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

SHARES = (25, 50, 75, 100)
DELETION = ("deletion", "random_deletion", "insertion", "random_insertion")
ROAD = ("road_most", "random_road", "road_least")
FRAMES = ("drop_highest", "drop_random", "drop_lowest")
COLUMNS = [
    *(*COORDINATES, "map", *(f"similarity_{share}" for share in SHARES), "survives", "similarity_labels"),
    *(*DELETION, *ROAD, *FRAMES, "n"),
    *("mosaic", "n_mosaic", "stale"),
]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per map of a checked cell, of the cell's first run and n of its test clips.

    `similarity_25` to `similarity_100` are rank correlations with the map once the weights of so many percent
    of the layers, from the output on, are random (Adebayo et al. 2018). `survives` is yes where
    `similarity_100` is 0.5 or more: the map is much the same whatever was learned, and explains nothing.
    `similarity_labels` is that with the map, for the same class, of the same network that memorised permuted
    labels (`actors_permuted`): a map that is much the same there says nothing of what the classes are.

    `deletion` and `insertion` are areas under the probability of the predicted class while pixels are
    blurred, or come back, in the map's order, beside those of a random order: deletion should be smaller,
    insertion larger. ROAD (Rong et al. 2022) fills the holes from what lies around them, so that their shape
    says little: the mean probability with a tenth, a quarter and half of the pixels gone is `road_most` where
    these are the map's highest, which should be less than `random_road`, and `road_least` where they are its
    lowest, which should be more. `drop_highest`: what that probability loses when the quarter of frames with
    the highest weights gives way to its neighbours, beside random frames and the lowest.

    `mosaic` (Bohle et al. 2021; Rao et al. 2022) needs no masks: of four clips of different classes side by
    side, each of which the model knows with a probability of one half or more, the share of a map for one
    class that lies in its clip; .25 is chance, over `n_mosaic` mosaics times clips. Attention has one map for
    all classes and stands at .25 by construction. The network reads twice its height and width; left out
    where its weights do not allow it (L2PA in the thesis' form), or where it knows fewer than four classes.
    """
    rows = []
    for cell, name, content, counts in maps.scored(results):
        sanity, used = content.get("sanity"), content.get("faithfulness", {})
        if sanity is None:
            continue
        similar = {f"similarity_{share}": value for share, value in zip(SHARES, sanity["similarity"])}
        row = {**coordinates(cell), "map": name, **similar, "survives": maps.survives(content)}
        row["similarity_labels"] = sanity.get("labels")
        grid = content.get("mosaic", {})
        row |= {"mosaic": grid.get("share"), "n_mosaic": grid.get("n"), "stale": counts["stale"]}
        rows.append(row | {key: used.get(key) for key in (*DELETION, *ROAD, *FRAMES, "n")})
    return maps.marked(pd.DataFrame(rows, columns=COLUMNS))

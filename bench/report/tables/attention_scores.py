"""Where maps look: the share of their mass on the actor, against maps that nobody learned."""

import pandas as pd

from vidattn.bench.analysis import comparisons, maps
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

VALUES = ("hits", "auc", "rank", "precision", "entropy", "border")
COLUMNS = [
    *(*COORDINATES, "map", "mass", "mass_low", "mass_high"),
    *maps.BASELINES,
    *("mass_difference", "mass_difference_low", "mass_difference_high", "strongest"),
    *(*VALUES, "survives"),
    *("n", "groups", "folds", "seeds", "weights", "stale"),
]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per map of a scored cell; a cell that was run and not scored prints as missing.

    `mass` is the share of the sum of a map's magnitudes that lies on the actor (energy-based pointing game),
    or on the frames that inform: 1 where it looks nowhere else. Beside it the mass of maps on the same clips
    that nobody learned: an even one (`area`), a Gaussian in the middle (`centre`), that of another clip
    (`other`), that of the model before training (`untrained`), and the change from frame to frame (`motion`).
    The difference is to the strongest of them, paired by clip.

    `hits` is the pointing game, `auc` that of pixels (or frames), `rank` (relevance rank accuracy) the share
    that lies on the actor of as many of the map's highest pixels as the actor has, `precision` the average
    precision. `entropy` is 1 where a map is even and 0 where it is one cell, `border` its mass in the
    outermost cells over their area. `survives` is yes where the map is much the same with random weights, so
    that it explains nothing of what was learned.

    Maps: attention by stage, `combined` (each stage scaled, then averaged), `time` (weights over frames),
    `rollout` (attention among tokens, in places or over time), Grad-CAM of the predicted class by stage,
    `time_gradient` (gradient times features, frame by frame).
    """
    rows = []
    for cell, name, content, counts in maps.scored(results):
        scores = content.get("scores", {})
        mass = scores.get("mass", {})
        row = {**coordinates(cell), "map": name, **maps.interval("mass", mass), **counts}
        row |= {other: mass["baselines"][other]["value"] for other in mass.get("baselines", {})}
        strongest = maps.strongest(mass)
        if strongest:
            beside = {**mass["baselines"][strongest], "value": mass["baselines"][strongest]["difference"]}
            row |= {**maps.interval("mass_difference", beside), "strongest": strongest}
        row |= {score: scores[score]["value"] for score in VALUES if score in scores}
        row |= {key: mass.get(key) for key in ("n", "groups")}
        row["survives"] = maps.survives(content)
        rows.append({**row, "weights": comparisons.weights(results, cell)})
    return maps.marked(pd.DataFrame(rows, columns=COLUMNS))

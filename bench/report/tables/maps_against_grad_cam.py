"""Are learned maps needed? Each against the Grad-CAM of the model without attention, same clips."""

import pandas as pd

from vidattn.bench.analysis import maps, statistics
from vidattn.bench.analysis.comparisons import LEVEL
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

ENDS = ("difference", "difference_low", "difference_high")
SHOWN = ("mass", "hits", "auc")
COLUMNS = [*COORDINATES, "map", "against", "score", *ENDS, "p", "p_holm", "verdict", "n", "groups", "stale"]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per learned map, what it is held against, and a score, as in the table attention_scores.

    Scores: `mass`, the share of the sum of a map's magnitudes that lies on the actor; `hits`, whether its
    maximum does; `auc`, whether pixels on the actor are higher than others.

    The difference is the learned map's score less that of Grad-CAM (late stage, or combined stages) of the
    control, the model without the attention, paired by clip, fold and seed; weights over time are held
    against the control's gradient times features. Interval and p are of the one model of the noise,
    for other clips and other training runs; Holm corrects within a data set, protocol and score.
    """
    rows = []
    for cell, name, content, counts in maps.scored(results):
        for cam, scores in content.get("against", {}).items():
            for score in SHOWN:
                if score in scores:
                    found = scores[score]
                    row = {**coordinates(cell), "map": name, "against": cam, "score": score}
                    row |= {**maps.interval("difference", found), "p": found["p"]}
                    rows.append(row | {"n": found["n"], "groups": found["groups"], "stale": counts["stale"]})
    frame = maps.marked(pd.DataFrame(rows, columns=COLUMNS))
    if frame.empty:
        return frame
    families = list(zip(frame["dataset"], frame["protocol"], frame["score"]))
    frame["p_holm"] = statistics.holm_within(frame["p"].astype(float), families)
    frame["verdict"] = [_verdict(gap, p) for gap, p in zip(frame["difference"], frame["p_holm"])]
    return frame


def _verdict(difference: float, p: float) -> str:
    if pd.isna(p):
        return "no interval"
    return "not significant" if p >= LEVEL else "higher" if difference > 0 else "lower"

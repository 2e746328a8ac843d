"""Table 4.2 of the thesis: networks for ImageNet, millions of parameters as printed; Keras' counts, ours."""

import numpy as np
import pandas as pd

from vidattn.bench.report import published_beside_ours
from vidattn.bench.results.reader import Results

KEYS = ["backbone", "attention", "architecture"]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per network of the thesis, 1,000 classes.

    `parameters_keras` is what Keras documents for its network, `parameters` what the network has here.
    `as_printed` says whether the printed millions are that count, rounded or cut to one decimal. The thesis
    prints top-1 on ImageNet too; these values are not at hand and not in the table.
    """
    printed = published_beside_ours.published(results, "thesis", "thesis_4_2")
    counted = published_beside_ours.sizes(results, "keras", "applications", classes=1000)
    frame = printed[[*KEYS, "millions_published"]].merge(counted, on=KEYS, how="left")
    frame["as_printed"] = [
        None
        if np.isnan(count)
        else "yes"
        if round(10 * printed) in (count // 1e5, round(count / 1e5))
        else "no"
        for printed, count in zip(frame["millions_published"], frame["parameters"].astype(float))
    ]
    return frame.rename(columns={"parameters_published": "parameters_keras"})

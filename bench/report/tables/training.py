"""How much was trained: clips and updates by data set and protocol, and runs that the last epoch cut short.

Of each column with `_max` the other holds the least. Published runs stand below, with their source.
"""

import pandas as pd

from vidattn.bench.analysis import training_facts
from vidattn.bench.results.reader import Results, coordinates

KEYS = ["dataset", "protocol", "features", "classes", "batch", "epochs", "weights"]
COLUMNS = [*KEYS, "runs", "n_train", "used", "used_max", "updates", "updates_max"]
ENDINGS = {  # column -> how a run ended
    "hit_epoch_limit": training_facts.capped,
    "stopped_while_improving": training_facts.impatient,
}
COLUMNS += [*ENDINGS, "source"]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per data set and way to train; runs that train nothing are left out.

    `used` are the training clips of an epoch, of `n_train`, less a dropped incomplete batch; `updates` those
    of the chosen learning rate; `hit_epoch_limit` counts the runs that ended with the last epoch allowed,
    `stopped_while_improving` those that patience ended, while the loss on validation clips was falling.
    """
    runs = [
        _run(coordinates(cell), record)
        for cell in results.ids
        for record in training_facts.trained(results.records[cell])
    ]
    frame = pd.DataFrame(runs, columns=[*KEYS, "n_train", "used", "updates", *ENDINGS])
    rows = [dict(zip(KEYS, key)) | _row(part) for key, part in frame.groupby(KEYS, sort=False, dropna=False)]
    return pd.DataFrame([*rows, *training_facts.published(results)] if rows else [], columns=COLUMNS)


def _run(where: dict, record: dict) -> dict:
    values = {"features": training_facts.features(record), "classes": len(record["classes"])}
    values |= {"batch": record["protocol"]["batch"], "epochs": record["protocol"]["epochs"]}
    values |= {"weights": record.get("weights")}
    values |= {"n_train": record["n_train"], "used": training_facts.used(record)}
    return {
        **where,
        **values,
        "updates": training_facts.updates(record),
        **{name: ended(record) for name, ended in ENDINGS.items()},
    }


def _row(part: pd.DataFrame) -> dict:
    ends = {
        f"{name}{end}": how for name in ("used", "updates") for end, how in (("", "min"), ("_max", "max"))
    }
    row = {name: int(part[name.removesuffix("_max")].agg(how)) for name, how in ends.items()}
    return {
        **row,
        "runs": len(part),
        "n_train": int(part["n_train"].max()),
        **{name: int(part[name].sum()) for name in ENDINGS},
    }

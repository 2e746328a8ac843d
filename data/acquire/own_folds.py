"""Folds of one's own clips: whole groups, every class trained and tested."""

import warnings

import numpy as np
import pandas as pd

SHOWN = 3  # names that a message gives as examples


def draw(frame: pd.DataFrame, folds: int | None) -> np.ndarray:
    """(N,) the fold that tests each clip, from 1: whole groups, classes spread as evenly as groups allow."""
    names = frame["group"].unique()
    if folds is None:
        return pd.factorize(frame["group"], sort=True)[0] + 1
    if len(names) < folds:
        if len(names) == 1:
            raise ValueError(f"All clips are of one group, {names[0]}: it cannot be divided into folds.")
        raise ValueError(f"{len(names)} groups make no {folds} folds. Use --folds {len(names)} or fewer.")
    sizes = frame["label"].value_counts()
    if sizes.max() < folds:
        raise ValueError(
            f"No class has a clip for each of {folds} folds. Use --folds {sizes.min()} or fewer."
        )
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    made = np.zeros(len(frame), dtype=int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of small classes, which `untested` tells
        for number, (_, test) in enumerate(splitter.split(frame["path"], frame["label"], frame["group"]), 1):
            made[test] = number
    return made


def untested(frame: pd.DataFrame) -> list[str]:
    """The classes of which some fold tests no clip."""
    folds = frame.groupby("label")["fold"].nunique()
    return folds.index[folds < frame["fold"].nunique()].tolist()


def check(frame: pd.DataFrame) -> None:
    """Every fold must test something, and train on every class."""
    said, frame["fold"] = frame["fold"], pd.to_numeric(frame["fold"], errors="coerce")
    numbers = sorted(frame["fold"].dropna().unique())
    if frame["fold"].isna().any() or numbers != list(range(1, len(numbers) + 1)) or len(numbers) < 2:
        named = ", ".join(sorted({str(n) or "empty" for n in said}))
        raise ValueError(f"Folds are {named}. Expected whole numbers 1, 2, ... for all, two or more of them.")
    frame["fold"] = frame["fold"].astype(int)
    torn = frame.groupby("group")["fold"].nunique()
    if torn.max() > 1:
        raise ValueError(
            f"Groups in several folds: {some(torn.index[torn > 1])}. A fold must not divide a group."
        )
    whole = frame.groupby("label")["fold"].nunique()
    if whole.min() < 2:
        few = whole.index[whole < 2]
        raise ValueError(
            f"All clips of {some(few)} are in one fold (or group): it would be tested and never trained. "
            "Use more groups, or fewer folds."
        )


def some(names) -> str:
    """The first few of some names."""
    shown = [str(name) for name in list(names)[:SHOWN]]
    return ", ".join(shown) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")

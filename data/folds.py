"""Folds: who trains, validates and is tested, and a proof that the sides share nothing (or a count)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from vidattn.data.datasets import load
from vidattn.data.manifest import read

TEST_SHARE = 0.3  # of the random split
VALIDATION_STEP = 5  # every fifth group of the training side validates


@dataclass(frozen=True)
class Fold:
    """Clip names of the three sides, and what is known of their purity. Random draws are in the order drawn.

    Attributes:
        dataset: Name.
        split: "official" or "random".
        number: From 1.
        train: Clips to train on.
        validation: Clips to select the model on; empty where the protocol has none.
        test: Clips to test on, once.
        official: Clips that the lists put on each side, {"train", "test"}: n official.
        quarantined: How many of these cannot be used, {"train", "test"}.
        dropped: Training clips left out because a test or validation clip has the same bytes.
        counts: What `leaks` returns.
    """

    dataset: str
    split: str
    number: int
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    official: dict[str, int]
    quarantined: dict[str, int]
    dropped: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)

    def leaks(self) -> dict[str, int]:
        """Test clips that are trained on too, share a group with, or have the bytes of, a training clip.

        Returns:
            Numbers of test clips under `clips`, `groups`, `duplicates`. Validation clips are not trained on:
            they do not count here.
        """
        return dict(self.counts)


def fold(
    name: str,
    store: Path,
    split: str = "official",
    number: int = 1,
    seed: int = 0,
    validation: str = "groups",
    on_leak: str | None = None,
) -> Fold:
    """Makes one fold of a data set from its index.

    Args:
        name: Data set.
        store: The store folder.
        split: "official" (the published lists; group k-fold for actors) or "random" (70/30 over clips, drawn
            as scikit-learn's ShuffleSplit draws; groups are ignored, as in You & Korhonen 2020).
        number: Official fold, or repetition of the random draw, from 1.
        seed: Of the random draw; official folds do not use it.
        validation: "groups" (every fifth group of each class's training side), "clips" (as many clips as
            that gives, drawn at random; groups are ignored, as in a plain random split) or "none".
        on_leak: "raise" or "count"; by default official folds raise and random ones count. Where leaks are
            only counted, byte-identical training clips stay in.
    """
    _check(name, split, number, validation, on_leak)
    on_leak = on_leak or ("raise" if split == "official" else "count")
    index = read(name, store).set_index("clip")
    usable = index[index["status"] == "ok"]
    listed = _listed(name, store, index, split, seed, number)
    used = {side: _in_order(usable, clips, split) for side, clips in listed.items()}
    choose = {"groups": _held_out, "clips": partial(_drawn, seed=seed, number=number), "none": _nothing}
    train, held, dropped = _cut(used["train"], used["test"], choose[validation], clean=on_leak == "raise")
    made = Fold(
        dataset=name,
        split=split,
        number=number,
        train=tuple(train.index),
        validation=tuple(held.index),
        test=tuple(used["test"].index),
        official={side: len(clips) for side, clips in listed.items()},
        quarantined={side: len(clips) - len(used[side]) for side, clips in listed.items()},
        dropped=dropped,
        counts=_leaks(train, used["test"]),
    )
    if not made.train or not made.test:
        raise ValueError(_empty(made, Path(store) / name / "index.csv"))
    if on_leak == "raise":
        _judge(made, _leaks(pd.concat([train, held]), used["test"]), _leaks(train, held))
    return made


def _in_order(usable: pd.DataFrame, clips: tuple[str, ...], split: str) -> pd.DataFrame:
    """The usable clips of a side: official ones in index order, drawn ones in the order of the draw.

    A protocol without shuffling trains in this order: as scikit-learn's split leaves it, classes mixed. In
    index order a batch would hold one or two classes, and dropping the last one would drop whole classes.
    """
    return usable.loc[list(clips)] if split == "random" else usable.loc[usable.index.isin(clips)]


def _check(name: str, split: str, number: int, validation: str, on_leak: str | None) -> None:
    """Refuses what does not exist, with the valid values."""
    for what, value, valid in (
        ("split", split, ("official", "random")),
        ("validation", validation, ("groups", "clips", "none")),
        ("on_leak", on_leak, (None, "raise", "count")),
    ):
        if value not in valid:
            raise ValueError(f"Unknown {what} {value!r}. Expected one of: {', '.join(map(str, valid))}.")
    last = load(name).folds
    if number < 1 or (split == "official" and number > last):
        raise ValueError(f"{name} has no {split} fold {number}. Expected a number from 1 to {last}.")


def _listed(
    name: str, store: Path, index: pd.DataFrame, split: str, seed: int, number: int
) -> dict[str, tuple[str, ...]]:
    """The two sides as published, or drawn from the clips that can be used."""
    if split == "random":
        return _random(index.index[index["status"] == "ok"].to_numpy(), seed, number)
    return load(name).sides(Path(store) / name, index.reset_index(), number)._asdict()


def _random(clips: np.ndarray, seed: int, number: int) -> dict[str, tuple[str, ...]]:
    """70/30 over clips: the first 30 % (rounded up) of a permutation are the test side."""
    state = np.random.SeedSequence([seed, number]).generate_state(1)[0]
    order = np.random.RandomState(state).permutation(len(clips))
    tests = int(np.ceil(TEST_SHARE * len(clips)))
    return {"train": tuple(clips[order[tests:]]), "test": tuple(clips[order[:tests]])}


def _cut(
    train: pd.DataFrame, test: pd.DataFrame, choose: Callable[[pd.DataFrame], pd.DataFrame], clean: bool
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Splits the training side; a clean one loses the clips whose bytes are tested or validated on."""
    dropped: list[str] = []
    if clean:
        train, dropped = _without(train, test)
    held = choose(train)
    rest = train.loc[~train.index.isin(held.index)]
    if clean:
        rest, more = _without(rest, held)
        dropped += more
    return rest, held, tuple(sorted(dropped))


def _held_out(train: pd.DataFrame) -> pd.DataFrame:
    """Every fifth group of each class, from the third on; whole groups, whatever class they are in."""
    chosen: set[str] = set()
    for _, clips in train.groupby("label"):
        groups = sorted(clips["group"].unique())
        chosen.update(groups[2::VALIDATION_STEP] or groups[1:2])
    return train.loc[train["group"].isin(chosen)]


def _drawn(train: pd.DataFrame, seed: int, number: int) -> pd.DataFrame:
    """As many clips as `_held_out` gives, by a generator of their own: the test side stays as it is."""
    state = np.random.SeedSequence([seed, number, 1]).generate_state(1)[0]
    order = np.random.RandomState(state).permutation(len(train))
    return train.iloc[np.sort(order[: len(_held_out(train))])]


def _nothing(train: pd.DataFrame) -> pd.DataFrame:
    return train.iloc[:0]


def _without(clips: pd.DataFrame, others: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Drops clips that have the bytes of one of the others, and names them."""
    same = clips["digest"].isin(others["digest"])
    return clips.loc[~same], list(clips.index[same])


def _leaks(trained: pd.DataFrame, test: pd.DataFrame) -> dict[str, int]:
    """Test clips found on the training side by name, group and bytes."""
    return {
        "clips": int(test.index.isin(trained.index).sum()),
        "groups": int(test["group"].isin(trained["group"]).sum()),
        "duplicates": int(test["digest"].isin(trained["digest"]).sum()),
    }


def _name(made: Fold) -> str:
    return f"{made.split} fold {made.number} of {made.dataset}"


def _empty(made: Fold, index: Path) -> str:
    return (
        f"The {_name(made)} has {len(made.train)} training and {len(made.test)} test clips that can be used; "
        f"see {index} for what is missing."
    )


def _judge(made: Fold, outer: dict[str, int], inner: dict[str, int]) -> None:
    """Raises on test clips that training or validation knows (`outer`), and validation ones (`inner`)."""
    if any(outer.values()) or any(inner.values()):
        raise ValueError(
            f"The {_name(made)} leaks: {outer} test clips are known from training or validation, {inner} "
            "validation clips are known from training. Count leaks instead with on_leak='count'."
        )

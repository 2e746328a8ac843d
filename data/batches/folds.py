"""Folds: who trains, validates and is tested, and a proof that the sides share nothing (or a count)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from vidattn.data.datasets import Dataset, load
from vidattn.data.index.manifest import read

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
    name: str | Dataset,
    store: Path,
    split: str = "official",
    number: int = 1,
    seed: int = 0,
    validation: str = "groups",
    on_leak: str | None = None,
) -> Fold:
    """Makes one fold of a data set from its index.

    Args:
        name: Data set, or its name. A derived one has the folds of its source, whole clips.
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
    dataset = load(name)
    if dataset.of:
        return _shown(dataset, store, fold(dataset.of, store, split, number, seed, validation, on_leak))
    name = dataset.name
    _check(dataset, split, number, validation, on_leak)
    on_leak = on_leak or ("raise" if split == "official" else "count")
    index = read(dataset, store).set_index("clip")
    usable = index[index["status"] == "ok"]
    listed = _listed(dataset, store, index, split, seed, number)
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


def _shown(dataset: Dataset, store: Path, source: Fold) -> Fold:
    """The fold of a derived data set: each clip of its source's in every view, or none, beside each other."""
    index = read(dataset, store)
    usable = set(index.loc[index["status"] == "ok", "clip"])
    shown = {
        side: tuple(clip + view.suffix for clip in getattr(source, side) for view in dataset.views)
        for side in ("train", "validation", "test", "dropped")
    }
    kept = {side: tuple(clip for clip in clips if clip in usable) for side, clips in shown.items()}
    lost = {
        "train": len(shown["train"])
        + len(shown["validation"])
        - len(kept["train"])
        - len(kept["validation"]),
        "test": len(shown["test"]) - len(kept["test"]),
    }
    times = len(dataset.views)
    return replace(
        source,
        **kept,
        dataset=dataset.name,
        official={side: times * count for side, count in source.official.items()},
        quarantined={side: times * count + lost[side] for side, count in source.quarantined.items()},
        counts={kind: times * count for kind, count in source.counts.items()},
    )


def _in_order(usable: pd.DataFrame, clips: tuple[str, ...], split: str) -> pd.DataFrame:
    """The usable clips of a side: official ones in index order, drawn ones in the order of the draw.

    A protocol without shuffling trains in this order: as scikit-learn's split leaves it, classes mixed. In
    index order a batch would hold one or two classes, and dropping the last one would drop whole classes.
    """
    return usable.loc[list(clips)] if split == "random" else usable.loc[usable.index.isin(clips)]


def _check(dataset: Dataset, split: str, number: int, validation: str, on_leak: str | None) -> None:
    """Refuses what does not exist, with the valid values."""
    for what, value, valid in (
        ("split", split, ("official", "random")),
        ("validation", validation, ("groups", "clips", "none")),
        ("on_leak", on_leak, (None, "raise", "count")),
    ):
        if value not in valid:
            raise ValueError(f"Unknown {what} {value!r}. Expected one of: {', '.join(map(str, valid))}.")
    last = dataset.folds
    if number < 1 or (split == "official" and number > last):
        raise ValueError(f"{dataset.name} has no {split} fold {number}. Expected a number from 1 to {last}.")


def _listed(
    dataset: Dataset, store: Path, index: pd.DataFrame, split: str, seed: int, number: int
) -> dict[str, tuple[str, ...]]:
    """The two sides as published, or drawn from the clips that can be used."""
    if split == "random":
        return _random(index.index[index["status"] == "ok"].to_numpy(), seed, number)
    return dataset.sides(Path(store) / dataset.name, index.reset_index(), number)._asdict()


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

"""Random splits: what is trained on, what validates, and which test clips are known from training."""

import pandas as pd
import pytest

from vidattn.data.batches import folds


@pytest.fixture
def index(monkeypatch):
    """Two classes of ten groups with six clips each, in place of a data set's index."""
    names = [
        (f"k{k}", f"k{k}_g{g}", f"k{k}_g{g}_c{c}") for k in range(2) for g in range(10) for c in range(6)
    ]
    table = pd.DataFrame(names, columns=["label", "group", "clip"])
    table = table.assign(digest=table["clip"], status="ok")
    monkeypatch.setattr(folds, "read", lambda name, store: table)
    return table.set_index("clip")


def drawn(validation, **more):
    return folds.fold("ucf101_12", "store", split="random", validation=validation, **more)


def test_leaks_are_counted_from_what_is_trained_on(index):
    fold = drawn("groups")
    trained = set(index.loc[list(fold.train), "group"])
    held = set(index.loc[list(fold.validation), "group"])
    assert held and not trained & held
    known = [clip for clip in fold.test if index.loc[clip, "group"] in trained]
    assert fold.leaks() == {"clips": 0, "groups": len(known), "duplicates": 0}
    assert len(known) < len(fold.test) == 36  # clips of validation groups are not known from training


def test_validation_clips_of_a_random_split_are_drawn_over_clips(index):
    fold, groups = drawn("clips"), drawn("groups")
    assert fold.test == groups.test and drawn("none").test == fold.test
    assert (len(fold.train), len(fold.validation)) == (len(groups.train), len(groups.validation))
    assert not set(fold.train) & set(fold.validation)
    assert set(fold.train) | set(fold.validation) == set(drawn("none").train)
    trained = set(index.loc[list(fold.train), "group"])
    assert set(index.loc[list(fold.validation), "group"]) <= trained and fold.leaks()["groups"] == 36
    assert fold == drawn("clips")
    others = drawn("clips", number=2), drawn("clips", seed=1)
    assert len({fold.validation, *(other.validation for other in others)}) == 3


def test_validation_clips_whose_groups_train_or_are_tested_are_no_clean_fold(index, monkeypatch):
    with pytest.raises(ValueError, match="leaks: .* test clips .* validation clips are known from training"):
        drawn("clips", on_leak="raise")
    tests = [clip for clip in index.index if clip.startswith(("k0_g2", "k1_g2"))]
    sides = {"train": tuple(clip for clip in index.index if clip[-1] != "5"), "test": tuple(tests[5::6])}
    monkeypatch.setattr(folds, "_random", lambda *_: sides)
    assert drawn("groups").leaks()["groups"] == 0  # only validation has their groups
    with pytest.raises(ValueError, match="'groups': 2, .*test clips are known from training or validation"):
        drawn("groups", on_leak="raise")


def test_a_fold_without_test_clips_names_the_index(index, monkeypatch):
    monkeypatch.setattr(folds, "_random", lambda clips, *_: {"train": tuple(clips), "test": ()})
    with pytest.raises(ValueError, match="120 training and 0 test clips.*see store/ucf101_12/index.csv"):
        drawn("none")
    with pytest.raises(ValueError, match="see elsewhere/ucf101_12/index.csv"):
        folds.fold("ucf101_12", "elsewhere", split="random", validation="none")

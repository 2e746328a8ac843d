"""The real data sets: official counts, imports in the layouts that people have, known defects counted."""

import shutil
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from vidattn.bench.config.load import load as load_params
from vidattn.data.acquire import import_files
from vidattn.data.batches import folds
from vidattn.data.datasets import cifar100, files, hmdb51, load, names, sports1m99, ucf101
from vidattn.data.datasets import imagenette as imagenette_file
from vidattn.data.files import atomic, split_lists
from vidattn.data.index import manifest
from vidattn.data.media import pictures


def bring(name, source, store, link=True):
    return import_files.import_dataset(name, source, store, link)


@pytest.fixture(scope="module")
def twelve(shared, tmp_path_factory):
    """ucf101_12, imported and indexed."""
    store = tmp_path_factory.mktemp("store")
    bring("ucf101_12", shared / "ucf101_12", store)
    manifest.build("ucf101_12", store)
    return store


def groups(clips):
    return {split_lists.ucf_clip(f"{clip}.avi", ucf101.DATASET.classes)[1:] for clip in clips}


def test_every_data_set_can_be_sent_to_another_process(tmp_path):
    """Runs are made by processes that are begun anew, to which the plan of a run is sent."""
    clips = tmp_path / "mine.csv"
    clips.write_text("clip,path,label,group,fold\na_1,a/1.avi,a,g1,1\nb_1,b/1.avi,b,g2,2\n")
    params = load_params(Path(__file__).resolve().parents[3] / "params.yaml")
    entries = {**params.datasets, "mine": {"plugin": "folder", "folder": "clips", "clips": str(clips)}}
    entries |= {name: {} for name in names()}
    assert {entry.get("plugin", name) for name, entry in entries.items()} == set(files())
    for name in entries:
        dataset = load(name, entries)
        sent = ForkingPickler.loads(ForkingPickler.dumps(dataset))
        assert (sent.name, sent.classes) == (dataset.name, dataset.classes)
    mine = ForkingPickler.loads(ForkingPickler.dumps(load("mine", entries)))
    assert mine.sides(tmp_path, pd.DataFrame(), 2) == (("a_1",), ("b_1",))
    assert mine.items(tmp_path)[0] == ("a_1", "a", "g1", "raw/a/1.avi", "", "")
    mine.generate(tmp_path, {})
    assert (tmp_path / "raw" / "b" / "1.avi").readlink() == Path("clips/b/1.avi").absolute()


def test_every_file_is_a_data_set_under_its_own_name():
    for name in names():
        dataset = load(name)
        assert dataset.name == name and dataset.kind in ("video", "image") and dataset.folds >= 1
        assert len(set(dataset.classes)) == len(dataset.classes) > 1
        assert name in dataset.how
    with pytest.raises(ValueError, match="unknown data set 'ucf11'.*Did you mean 'ucf101'"):
        load("ucf11")


@pytest.mark.parametrize("number, train, test", [(1, 9537, 3783), (2, 9586, 3734), (3, 9624, 3696)])
def test_ucf101_official_counts_and_groups(shared, tmp_path, number, train, test):
    bring("ucf101", shared / "ucf101_splits", tmp_path)
    sides = ucf101.sides(tmp_path / "ucf101", pd.DataFrame(), number)
    assert (len(set(sides.train)), len(set(sides.test))) == (train, test)
    assert not set(sides.train) & set(sides.test)
    assert not groups(sides.train) & groups(sides.test)
    items = ucf101.items(tmp_path / "ucf101")
    assert len({item.clip for item in items}) == 13320 and len({item.group for item in items}) == 2525
    assert {item.label for item in items} == set(ucf101.DATASET.classes)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_hmdb51_official_counts_and_groups(shared, tmp_path, number):
    bring("hmdb51", shared / "hmdb51_splits", tmp_path)
    items = {item.clip: item for item in hmdb51.items(tmp_path / "hmdb51")}
    assert len(items) == 6766 and {item.label for item in items.values()} == set(hmdb51.DATASET.classes)
    sides = hmdb51.sides(tmp_path / "hmdb51", pd.DataFrame(), number)
    assert (len(set(sides.train)), len(set(sides.test))) == (3570, 1530)  # the 1,666 marked 0 are on no side
    assert not set(sides.train) & set(sides.test)
    assert not {items[c].group for c in sides.train} & {items[c].group for c in sides.test}


def test_hmdb51_names_hold_the_class(shared, tmp_path):
    bring("hmdb51", shared / "hmdb51_splits", tmp_path)
    for item in hmdb51.items(tmp_path / "hmdb51"):
        assert hmdb51.source(item.clip)[1] == item.label
    title = "KOREAN_TEA_CEREMONY_-_Simple_Demo"
    assert hmdb51.source(f"{title}_pour_u_nm_np1_fr_med_0") == (title, "pour")
    assert hmdb51.source("x_draw_sword_f_cm_np10_le_bad_2") == ("x", "draw_sword")
    assert hmdb51.source("holiday") is None


def test_real_hmdb51_clips_are_imported_flat_and_probed(shared, tmp_path):
    bring("hmdb51", shared / "hmdb51_splits", tmp_path)
    assert bring("hmdb51", shared / "hmdb51_samples", tmp_path).files == 8
    index = manifest.build("hmdb51", tmp_path).set_index("clip")
    there = index[index["status"] == "ok"]
    truth = pd.read_csv(shared / "hmdb51_samples/manifest.csv")
    truth.index = truth["file"].map(lambda name: Path(name).stem)
    truth = truth.loc[there.index]
    for ours, theirs in (("frames", "frames"), ("digest", "sha256"), ("label", "class"), ("width", "width")):
        assert list(there[ours]) == list(truth[theirs])
    missing = index[index["status"] != "ok"]
    assert len(missing) == 6758 and set(missing["reason"]) == {"the file is missing"}
    fold = folds.fold("hmdb51", tmp_path, validation="none")
    roles = {"train": truth.index[truth["split1"] == "train"], "test": truth.index[truth["split1"] == "test"]}
    assert set(fold.train) == set(roles["train"]) and set(fold.test) == set(roles["test"])
    assert fold.official == {"train": 3570, "test": 1530}
    assert fold.quarantined == {side: fold.official[side] - len(roles[side]) for side in roles}


def test_ucf101_12_is_complete_and_as_its_manifest_says(shared, twelve):
    index = manifest.read("ucf101_12", twelve)
    truth = pd.read_csv(shared / "ucf101_12/manifest.csv")
    truth["clip"] = truth["file"].map(lambda name: Path(name).stem)
    both = index.merge(truth, on="clip", suffixes=("", "_truth"))
    assert len(both) == 900 and (both["status"] == "ok").all()
    assert (both["frames"] == both["frames_truth"]).all() and (both["digest"] == both["sha256"]).all()
    assert (both["width"] == 224).all() and (both["height"] == 168).all()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_ucf101_12_folds(shared, twelve, number):
    fold = folds.fold("ucf101_12", twelve, number=number)
    assert fold.official == {"train": 648, "test": 252} and fold.quarantined == {"train": 0, "test": 0}
    assert len(fold.test) == 252 and len(fold.train) + len(fold.validation) == 647
    assert fold.dropped == ("v_Basketball_g23_c01",)
    assert fold.leaks() == {"clips": 0, "groups": 0, "duplicates": 0}
    assert not groups(fold.train) & groups(fold.test) and not groups(fold.train) & groups(fold.validation)
    assert 0.15 < len(fold.validation) / 647 < 0.25
    assert fold == folds.fold("ucf101_12", twelve, number=number)
    index = manifest.read("ucf101_12", twelve)
    assert {index.set_index("clip").loc[c, "label"] for c in fold.validation} == set(index["label"])


def test_ucf101_12_lists_agree_with_its_manifest(shared, twelve, tmp_path):
    shutil.copytree(twelve / "ucf101_12", tmp_path / "ucf101_12", symlinks=True)
    bring("ucf101_12", shared / "ucf101_splits", tmp_path)
    assert (tmp_path / "ucf101_12/raw/splits/trainlist01.txt").exists()
    for number in (1, 2, 3):
        assert folds.fold("ucf101_12", tmp_path, number=number) == folds.fold(
            "ucf101_12", twelve, number=number
        )


def test_the_paper_protocol_counts_what_the_clean_one_refuses(twelve):
    counted = folds.fold("ucf101_12", twelve, on_leak="count", validation="none")
    assert counted.leaks() == {"clips": 0, "groups": 0, "duplicates": 1}
    assert len(counted.train) == 648 and counted.dropped == ()
    drawn = folds.fold("ucf101_12", twelve, split="random", validation="none", seed=3)
    assert (len(drawn.train), len(drawn.test)) == (630, 270)
    assert drawn.leaks()["groups"] > 200 and drawn.leaks()["clips"] == 0
    with pytest.raises(ValueError, match="leaks.*on_leak='count'"):
        folds.fold("ucf101_12", twelve, split="random", on_leak="raise")


def test_random_draws_are_those_of_scikit_learn():
    from sklearn.model_selection import train_test_split

    clips = np.array([f"c{i}" for i in range(13320)])
    state = int(np.random.SeedSequence([5, 2]).generate_state(1)[0])
    train, test = train_test_split(clips, test_size=0.3, random_state=state)
    drawn = folds._random(clips, 5, 2)
    assert drawn["test"] == tuple(test) and drawn["train"] == tuple(train)
    assert (len(train), len(test)) == (9324, 3996)


def test_a_drawn_side_keeps_the_order_of_the_draw_so_that_batches_mix_the_classes(twelve):
    """The paper protocol never shuffles and drops the last 118 of 630 clips: no class may go with them."""
    drawn = folds.fold("ucf101_12", twelve, split="random", validation="none")
    label = folds.read("ucf101_12", twelve).set_index("clip")["label"]
    assert len(drawn.train) == 630 and list(drawn.train) != sorted(drawn.train)
    assert label.loc[list(drawn.train[:128])].nunique() >= 10
    assert label.loc[list(drawn.train[:512])].nunique() == label.nunique() == 12


@pytest.mark.parametrize(
    "asked, message",
    [
        ({"number": 4}, "no official fold 4. Expected a number from 1 to 3"),
        ({"number": 0}, "no official fold 0"),
        ({"split": "offical"}, "Unknown split 'offical'. Expected one of: official, random"),
        ({"validation": "clip"}, "Unknown validation 'clip'. Expected one of: groups, clips, none"),
        ({"on_leak": "ignore"}, "Unknown on_leak"),
    ],
)
def test_folds_that_do_not_exist(tmp_path, asked, message):
    with pytest.raises(ValueError, match=message):
        folds.fold("ucf101_12", tmp_path, **asked)


def test_group_leaks_raise(twelve, tmp_path, monkeypatch):
    """A list that puts one group on both sides is refused, and counted when asked."""
    from dataclasses import replace

    from vidattn.data.datasets import Sides, ucf101_12

    index = manifest.read("ucf101_12", twelve)
    bad = Sides(tuple(index["clip"][1:40]), tuple(index["clip"][:1]))
    monkeypatch.setattr(ucf101_12, "DATASET", replace(ucf101_12.DATASET, sides=lambda *_: bad))
    with pytest.raises(ValueError, match="'groups': 1"):
        folds.fold("ucf101_12", twelve)
    assert folds.fold("ucf101_12", twelve, on_leak="count").leaks()["groups"] == 1


def test_links_are_followed_but_not_round_in_circles(tmp_path):
    atomic.write(tmp_path / "set/a/1.avi", "one")
    atomic.write(tmp_path / "elsewhere/2.avi", "two")
    for link, to in (("b", "elsewhere"), ("self", "set"), ("a/up", "set")):
        (tmp_path / "set" / link).symlink_to(tmp_path / to)
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "set/a")
    found = [path.relative_to(tmp_path / "set").as_posix() for path in import_files._walk(tmp_path / "set")]
    assert found == ["a/1.avi", "b/2.avi", "b/back/1.avi"]


def test_imports_link_or_copy_and_may_be_repeated(shared, tmp_path):
    source = shared / "ucf101_12/original_samples"
    bring("ucf101", source, tmp_path / "linked")
    bring("ucf101", source, tmp_path / "copied", link=False)
    linked, copied = (next((tmp_path / f).rglob("*.avi")) for f in ("linked", "copied"))
    assert linked.is_symlink() and not copied.is_symlink() and linked.read_bytes() == copied.read_bytes()
    assert bring("ucf101", source, tmp_path / "copied") == import_files.Imported(0, 12, 0)
    assert not list(tmp_path.rglob("*.part*"))


def test_class_folders_and_archives_are_imported(shared, tmp_path):
    clips = sorted((shared / "ucf101_12/original_samples").rglob("*.avi"))[:3]
    for clip in clips:
        label = split_lists.ucf_clip(clip.name, ucf101.DATASET.classes).label
        (tmp_path / "UCF-101" / label).mkdir(parents=True)
        shutil.copy(clip, tmp_path / "UCF-101" / label)
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "UCF-101")
    for number, source in enumerate((tmp_path / "UCF-101", tmp_path / "packed.zip")):
        assert bring("ucf101", source, tmp_path / str(number)).files == 3
    found = [sorted(p.relative_to(tmp_path / n) for p in (tmp_path / n).rglob("*.avi")) for n in "01"]
    assert found[0] == found[1] and len(found[0]) == 3
    assert not (tmp_path / "1/ucf101/raw/.unpacked").exists()


def test_handstand_pushups_is_spelt_in_two_ways():
    place = ucf101.place(Path("UCF-101/HandstandPushups/v_HandStandPushups_g01_c01.avi"))
    assert place == "clips/HandstandPushups/v_HandStandPushups_g01_c01.avi"


@pytest.mark.parametrize(
    "name, make, message",
    [
        ("actors", lambda p: p.mkdir(), "actors is generated"),
        ("ucf101", lambda p: None, "There is nothing at"),
        ("ucf101", lambda p: p.write_text("x"), "neither a folder nor an archive"),
        ("hmdb51", lambda p: p.mkdir(), "None of the 0 files .* is part of hmdb51. The server .* no longer"),
    ],
)
def test_imports_that_cannot_work_say_why(tmp_path, name, make, message):
    make(tmp_path / "source")
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        bring(name, tmp_path / "source", tmp_path / "store")


def test_lists_that_are_missing_are_named(tmp_path):
    for name in ("ucf101", "hmdb51", "sports1m99", "ucf101_12", "cifar100", "imagenette", "actors"):
        with pytest.raises(FileNotFoundError, match=f"vidattn data (import|fetch) {name}"):
            manifest.build(name, tmp_path)
    assert not list(tmp_path.rglob("index.csv"))


def test_sports1m99_splits_ids_and_counts_its_defects(shared, tmp_path):
    bring("sports1m99", shared / "sports1m99", tmp_path)
    lists = sports1m99.links(tmp_path / "sports1m99/raw/video_links_99.txt")
    assert len(lists.broken) == 3 and len(lists.classes) == 17838
    assert sum(map(len, lists.classes.values())) == 18319 - 3
    shared_ids = [clip for clip, classes in lists.classes.items() if len(classes) > 1]
    assert len(shared_ids) == 433 and sum(len(lists.classes[clip]) for clip in shared_ids) == 911
    assert {c for found in lists.classes.values() for c in found} == set(sports1m99.DATASET.classes)
    labels = (shared / "sports1m99/labels_99.txt").read_text().split("\n")
    assert [label.strip() for label in labels] == list(sports1m99.DATASET.classes)


def test_sports1m99_availability_stands_in_the_index_id_by_id(shared, tmp_path):
    bring("sports1m99", shared / "sports1m99", tmp_path / "store")
    lists = sports1m99.links(tmp_path / "store/sports1m99/raw/video_links_99.txt").classes
    single = [clip for clip, classes in lists.items() if len(classes) == 1][:2]
    sample = next((shared / "ucf101_12/clips").rglob("*.mp4"))
    (tmp_path / "mine").mkdir()
    shutil.copy(sample, tmp_path / "mine" / f"{single[0]}.mp4")
    shutil.copy(sample, tmp_path / "mine" / f"Some title [{single[1]}].mp4")
    assert bring("sports1m99", tmp_path / "mine", tmp_path / "store").files == 2
    index = manifest.build("sports1m99", tmp_path / "store")
    assert set(index.loc[index["status"] == "ok", "clip"]) == set(single)
    assert index["reason"].str.startswith("stands under").sum() == 433
    assert index["reason"].eq("the file is missing").sum() == 17405 - 2
    for number in (1, 2, 3):
        sides = sports1m99.sides(tmp_path / "store/sports1m99", index, number)
        assert not set(sides.train) & set(sides.test) and len(sides.train) + len(sides.test) == 17405
        assert 0.29 < len(sides.test) / 17405 < 0.31


def test_cifar100_mosaics_are_read_tile_by_tile(shared, tmp_path):
    bring("cifar100", shared / "cifar100", tmp_path)
    home = tmp_path / "cifar100"
    items = cifar100.items(home)
    assert len(items) == 60000 and len({item.clip for item in items}) == 60000
    pixels = [pictures.read(home, f"raw/train/apple.webp#32:{i}") for i in (0, 24, 25, 499)]
    whole = cv2.imread(str(shared / "cifar100/train/apple.webp"))[..., ::-1]
    np.testing.assert_array_equal(pixels[1], whole[:32, 24 * 32 : 25 * 32])
    np.testing.assert_array_equal(pixels[2], whole[32:64, :32])
    np.testing.assert_array_equal(pixels[3], whole[-32:, -32:])
    with pytest.raises(ValueError, match="no tile 500"):
        pictures.read(home, "raw/train/apple.webp#32:500")


@pytest.mark.battery  # all 60,000 pictures
def test_cifar100_index_and_fold(shared, tmp_path):
    bring("cifar100", shared / "cifar100", tmp_path)
    index = manifest.build("cifar100", tmp_path)
    assert (index["status"] == "ok").all() and (index["width"] == 32).all()
    assert index.groupby("label").size().eq(600).all()
    fold = folds.fold("cifar100", tmp_path)
    assert fold.official == {"train": 50000, "test": 10000} and len(fold.test) == 10000
    assert len(fold.train) + len(fold.validation) + len(fold.dropped) == 50000
    assert 0 < len(fold.dropped) < 30  # CIFAR-100 has pictures that stand on both sides


def test_cifar100_pictures_that_are_missing_are_named(tmp_path):
    for side in ("train", "test"):
        (tmp_path / "raw" / side).mkdir(parents=True)
        for label in cifar100.DATASET.classes:
            (tmp_path / f"raw/{side}/{label}.webp").touch()
    assert len(cifar100.items(tmp_path)) == 60000
    (tmp_path / "raw/test/apple.webp").unlink()
    with pytest.raises(
        FileNotFoundError, match="0 test pictures of 'apple'.* not 100. Get them with: vidattn"
    ):
        cifar100.items(tmp_path)
    (tmp_path / "raw/test/apple").mkdir()
    for number in range(99):
        (tmp_path / f"raw/test/apple/{number}.png").touch()
    with pytest.raises(FileNotFoundError, match="99 test pictures of 'apple'.* not 100"):
        cifar100.items(tmp_path)
    (tmp_path / "raw/test/apple/99.png").touch()
    assert len(cifar100.items(tmp_path)) == 60000


def test_imagenette_subset(shared, tmp_path):
    bring("imagenette", shared / "imagenette_subset", tmp_path)
    index = manifest.build("imagenette", tmp_path)
    truth = pd.read_csv(shared / "imagenette_subset/manifest.csv")
    assert len(index) == 500 and set(index["digest"]) == set(truth["sha256"])
    assert set(index["label"]) == set(imagenette_file.NAMES.values()) == set(truth["class"])
    fold = folds.fold("imagenette", tmp_path)
    assert (len(fold.train) + len(fold.validation), len(fold.test)) == (300, 200)
    grey = (
        truth.loc[truth["mode"] == "L", "file"].iloc[0] if (truth["mode"] == "L").any() else truth["file"][0]
    )
    assert pictures.read(tmp_path / "imagenette", f"raw/{grey}").shape == (224, 224, 3)


def test_broken_pictures_are_quarantined(tmp_path):
    folder = tmp_path / "raw/train/n01440764"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "a.png"), np.zeros((8, 8, 3), np.uint8))
    (folder / "b.png").write_bytes((folder / "a.png").read_bytes()[:20])
    (folder / "c.png").write_bytes(b"")
    found = [pictures.probe(tmp_path, f"raw/train/n01440764/{name}.png") for name in "abcd"]
    assert [p.status for p in found] == ["ok"] + ["quarantined"] * 3
    assert [p.reason for p in found[1:]] == ["not a picture that can be decoded"] * 2 + [
        "the file is missing"
    ]


def test_status_says_what_is_there_and_what_to_do(shared, twelve):
    table = manifest.status(twelve).set_index("dataset")
    assert tuple(table.index) == names()
    assert table.loc["ucf101_12", "state"] == "complete" and table.loc["ucf101_12", "usable"] == 900
    assert 40 < table.loc["ucf101_12", "megabytes"] < 50 and table.loc["ucf101_12", "command"] == ""
    assert (
        table.loc["hmdb51", "state"] == "absent"
        and "vidattn data import hmdb51" in table.loc["hmdb51", "command"]
    )

"""The generated data set: reproducible, matched pairs, true truth."""

import hashlib

import cv2
import numpy as np
import pytest

from vidattn.data.acquire import download
from vidattn.data.actors.actions import CLASSES, SIGNALS, act
from vidattn.data.actors.scene import scene, shoot
from vidattn.data.actors.shapes import Canvas, Limb, Thing
from vidattn.data.batches import folds
from vidattn.data.datasets import load
from vidattn.data.index import manifest

SMALL = {"groups": 3, "clips_per_group": 1, "size": 48, "frames": 16}


def digests(home):
    files = sorted(path for path in home.rglob("*") if path.is_file() and path.suffix in (".avi", ".npz"))
    return {str(p.relative_to(home)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def frames(path):
    capture, found = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        found.append(read[1])
    return np.stack(found)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    download.fetch("actors", folder, SMALL)
    manifest.build("actors", folder, workers=1)
    return folder


def test_same_seed_same_bytes_other_seed_other_bytes(store, tmp_path):
    some = {**SMALL, "classes": ["raise", "lamp_flag"]}
    download.fetch("actors", tmp_path / "a", some)
    download.fetch("actors", tmp_path / "b", {**some, "seed": 1})
    first, other, whole = (digests(f / "actors") for f in (tmp_path / "a", tmp_path / "b", store))
    assert len(first) == 2 * 2 * 3
    assert all(whole[name] == value for name, value in first.items())
    assert all(other[name] != value for name, value in first.items())


def test_unchanged_settings_write_nothing_again(store):
    path = store / "actors/raw/clips/raise/a_raise_g01_c01.avi"
    before = path.stat().st_mtime_ns
    download.fetch("actors", store, SMALL)
    assert path.stat().st_mtime_ns == before


def test_index_has_every_clip_with_its_real_length(store):
    index = manifest.read("actors", store)
    assert len(index) == 12 * 3
    assert set(index["label"]) == set(CLASSES) == set(load("actors").classes)
    assert (index["frames"] == 16).all() and (index["width"] == 48).all() and (index["status"] == "ok").all()
    assert index["digest"].is_unique and list(index["clip"]) == sorted(index["clip"])


@pytest.mark.parametrize("forward, backward", [("raise", "lower"), ("rise", "sink")])
def test_reversal_pairs_show_the_same_postures_from_the_same_first_frame(forward, backward):
    one, two = (act(label, 32, np.random.default_rng(3)).postures for label in (forward, backward))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1:], two[:0:-1])
    moving = int(np.ptp(one, axis=0).argmax())
    assert (np.diff(one[:, moving]) > 0).mean() != (np.diff(two[:, moving]) > 0).mean()


@pytest.mark.parametrize("pair", [("raise", "lower"), ("rise", "sink"), ("flag_lamp", "lamp_flag")])
def test_pairs_share_their_first_frame_in_pixels(store, pair):
    one, two = (frames(store / f"actors/raw/clips/{c}/a_{c}_g02_c01.avi") for c in pair)
    np.testing.assert_array_equal(one[0], two[0])
    assert (one != two).any()


def test_the_two_signals_that_count_lie_at_drawn_places_alike_for_a_pair(store):
    places = {}
    for label in SIGNALS:
        for group in (1, 2, 3):
            with np.load(store / f"actors/truth/a_{label}_g{group:02d}_c01.npz") as truth:
                counting = np.flatnonzero(truth["informative"]).tolist()
            assert counting == list(range(counting[0], counting[0] + 4)) and counting[0] in range(2, 13, 2)
            assert places.setdefault(("_".join(sorted(SIGNALS[label])), group), counting) == counting
    assert len({places[key][0] for key in places}) > 2


def test_every_place_but_the_first_is_drawn_and_about_as_often():
    rng = np.random.default_rng(0)
    starts = [int(np.argmax(act("flag_lamp", 24, rng).informative)) for _ in range(600)]
    values, counts = np.unique(starts, return_counts=True)
    assert values.tolist() == [3, 6, 9, 12, 15, 18] and counts.min() > 70  # 100 each on average


@pytest.mark.parametrize("forward, backward", [("flag_lamp", "lamp_flag"), ("hoop_sign", "sign_hoop")])
def test_signallers_of_a_pair_show_as_often_and_differ_in_what_counts_alone(forward, backward):
    for seed in range(5):
        one, two = (act(label, 24, np.random.default_rng(seed)) for label in (forward, backward))
        np.testing.assert_array_equal(one.postures, two.postures)
        np.testing.assert_array_equal(one.informative, two.informative)
        assert (one.postures[one.informative, 0] > 2).all() and (one.postures[~one.informative, 0] < 1).all()
        first, second = (np.array(action.held) for action in (one, two))
        assert (first == second)[~one.informative].all() and sorted(first) == sorted(second)
        assert first[one.informative].tolist() == [name for name in forward.split("_") for _ in range(3)]
        assert second[one.informative].tolist() == first[one.informative].tolist()[::-1]


def test_what_is_held_up_is_seen_in_its_frames_only():
    rng = np.random.default_rng(1)
    clip, truth = shoot(scene(rng, 64, 6), "lamp_flag", 24, 0, rng)
    first = int(np.argmax(truth["informative"]))
    pictures = clip.astype(int)
    cyan = ((pictures[..., 1:].min(-1) - pictures[..., 0]) > 60).sum((1, 2)) > 40
    magenta = ((pictures[..., ::2].min(-1) - pictures[..., 1]) > 60).sum((1, 2)) > 40
    assert (cyan != magenta).all() and cyan[first : first + 3].all() and magenta[first + 3 : first + 6].all()


def test_truth_has_the_promised_shapes_and_finds_the_actor(store):
    with np.load(store / "actors/truth/a_hold_box_g01_c01.npz") as truth:
        mask, flow, informative = truth["mask"], truth["flow"], truth["informative"]
    assert mask.shape == (16, 48, 48) and mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 1}
    assert flow.shape == (15, 48, 48, 2) and flow.dtype == np.float16
    assert informative.shape == (16,) and informative.all()
    assert 0.05 < mask.mean() < 0.4


def test_true_flow_takes_a_frame_to_the_next():
    """Following the truth explains the next frame better than standing still does."""
    rng = np.random.default_rng(0)
    clip, truth = shoot(scene(rng, 64, 24), "raise", 32, 3, rng)
    y, x = np.mgrid[:64, :64].astype(np.float32)
    moved, still = [], []
    for t in range(31):
        dx, dy = np.moveaxis(truth["flow"][t].astype(np.float32), -1, 0)
        seen = cv2.remap(clip[t + 1], x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        moved.append(np.abs(seen.astype(float) - clip[t]).mean())
        still.append(np.abs(clip[t + 1].astype(float) - clip[t]).mean())
    assert np.mean(moved) < 0.8 * np.mean(still)


def test_flow_of_a_turning_limb_by_hand():
    """A bone from (8, 8) to (16, 8) turns down by 90 degrees: its end moves by (-8, 8), its middle half."""
    canvas = Canvas(np.zeros((24, 24, 3)), np.zeros(2))
    a, right, down = np.array([8.0, 8.0]), np.array([16.0, 8.0]), np.array([8.0, 16.0])
    canvas.paint(Limb(a, right, 1.5, np.full(3, 200.0)), Limb(a, down, 1.5, np.full(3, 200.0)))
    np.testing.assert_allclose(canvas.flow[8, 16], [-8, 8], atol=1e-5)
    np.testing.assert_allclose(canvas.flow[8, 12], [-4, 4], atol=1e-5)
    np.testing.assert_allclose(canvas.flow[0, 0], [0, 0])
    assert canvas.actor[8, 12] == 1 and canvas.image[8, 12, 0] == 200


def test_what_passes_in_front_hides_the_actor():
    canvas = Canvas(np.zeros((24, 24, 3)), np.zeros(2))
    there = np.array([12.0, 12.0])
    canvas.paint(Thing("ball", there, 4, np.full(3, 200.0)), Thing("ball", there, 4, np.full(3, 200.0)))
    other = Thing("box", there, 3, np.zeros(3), actor=False)
    canvas.paint(other, other)
    assert canvas.actor[12, 12] == 0 and canvas.actor[12, 16] == 0.5


@pytest.mark.parametrize(
    "params, message",
    [
        ({"group": 4}, "Did you mean 'groups'"),
        ({"classes": ["rasie"]}, "Did you mean 'raise'"),
        ({"groups": 2}, "groups >= 3"),
    ],
)
def test_wrong_parameters_are_named(tmp_path, params, message):
    with pytest.raises(ValueError, match=message):
        download.fetch("actors", tmp_path, params)
    assert not any(tmp_path.rglob("*.avi"))


def test_official_folds_hold_groups_out_and_random_ones_leak(store):
    tested = []
    for number in (1, 2, 3):
        fold = folds.fold("actors", store, number=number)
        assert fold.leaks() == {"clips": 0, "groups": 0, "duplicates": 0}
        assert fold.official == {"train": 24, "test": 12} and fold.quarantined == {"train": 0, "test": 0}
        tested += fold.test
    assert sorted(tested) == list(manifest.read("actors", store)["clip"])
    leaky = folds.fold("actors", store, split="random", validation="none")
    assert leaky.leaks()["groups"] == len(leaky.test) > 0

"""Cells on still pictures: from files on the disk to a trained, scored run."""

import io
import json
from dataclasses import replace
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from vidattn.bench.config import load as params_module
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.plan import cell_inputs
from vidattn.bench.plan.run_plan import resolve
from vidattn.bench.train import fold_data, frozen_features, one_run
from vidattn.data.extract import frames
from vidattn.data.index import manifest

ROOT = Path(__file__).resolve().parents[3]
CLASSES = ("n01440764", "n02102040")
RUN = Run(Cell("imagenette", "tiny", "cbam", "image", "clean"), 1, 0)
AUGMENT = {"rotation": 20, "shear": 20, "zoom": [0.8, 1.2], "flip": True, "channel_shift": 50}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Twenty pictures: six training and four test ones of each of two classes."""
    folder, rng = tmp_path_factory.mktemp("store"), np.random.default_rng(0)
    for side, count in (("train", 6), ("val", 4)):
        for k, name in enumerate(CLASSES):
            (folder / "imagenette" / "raw" / side / name).mkdir(parents=True)
            for i in range(count):
                picture = rng.integers(0, 100, (40, 48, 3)) + 120 * k
                path = folder / "imagenette" / "raw" / side / name / f"{i}.png"
                cv2.imwrite(str(path), picture.astype(np.uint8))
    manifest.build("imagenette", folder)
    frames.extract("imagenette", folder, "uniform", 1, 32, workers=1)
    return folder


@pytest.fixture
def params(store):
    loaded = params_module.load(ROOT / "params.yaml", store=str(store))
    small = {"frames": 1, "size": 32, "batch": 4, "epochs": 1, "augment": AUGMENT}
    return replace(loaded, protocols={"clean": replace(loaded.protocols["clean"], **small)})


def test_pictures_share_a_file_and_are_enlarged_by_repetition(store):
    """32 pixels at 64 or 224 are each pixel again and again, as in the thesis' loader."""
    place = frames.extract("imagenette", store, "uniform", 1, 80, workers=1)
    assert [path.name for path in sorted(place.glob("*.npy"))] == ["00000.npy"]
    tile = np.random.default_rng(1).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    cv2.imwrite(str(store / "tile.png"), tile[..., ::-1])
    source = frames.Source(store / "tile.png#32:0", 1, 0.0, "")
    for factor in (2, 7):
        choice = {"strategy": "uniform", "frames": 1, "size": 32 * factor}
        large = frames._clip("x", {"x": source}, choice)[0]
        np.testing.assert_array_equal(large, tile.repeat(factor, 0).repeat(factor, 1))


def test_a_picture_becomes_a_batch(params):
    found, protocol = fold_data.open_inputs(resolve(RUN, params)), params.protocols["clean"]
    assert len(found.ids("validation")) == 2  # one of each class, taken from the training side
    assert (len(found.ids("train")), len(found.ids("test"))) == (10, 8)
    plain = next(iter(found.batches("train", protocol)))[0]["image"]
    stored = found.streams["image"].read(found.ids("train")[:4])[:, 0]
    np.testing.assert_allclose(plain, stored / 127.5 - 1, atol=1e-6)
    augmented = next(iter(found.batches("train", replace(protocol, shuffle=False), training=True)))[0]
    assert augmented["image"].shape == plain.shape == (4, 32, 32, 3)
    assert not np.allclose(augmented["image"], plain)


def test_an_image_cell_trains_and_is_scored(params, tmp_path):
    made = one_run.run_trained(resolve(RUN, params), tmp_path, lambda line: None)
    record = json.loads(made["run.json"])
    assert (record["n"], record["n_train"], record["n_validation"]) == (8, 10, 2)
    assert record["leaks"] == {"clips": 0, "groups": 0, "duplicates": 0}
    assert np.isfinite(record["history"]["loss"]).all()
    with np.load(io.BytesIO(made["scores.npz"]), allow_pickle=False) as scores:
        found = fold_data.open_inputs(resolve(RUN, params))
        assert all(tuple(scores[f"{role}_ids"]) == found.ids(role) for role in ("validation", "test"))


def test_a_head_on_a_frozen_trunk_is_trained_from_stored_maps_to_the_same_scores(
    params, store, tmp_path, monkeypatch
):
    """The trunk runs once over every picture; through it, picture by picture, the scores are the same."""
    from vidattn.models import build

    keras.utils.set_random_seed(0)
    build.module("backbone", "tiny").backbone((32, 32, 3)).save_weights(tmp_path / "tiny.weights.h5")
    frozen = {"weights": f"{tmp_path}/", "freeze": "trunk", "augment": {}, "epochs": 3}
    params = replace(params, protocols={"clean": replace(params.protocols["clean"], **frozen)})
    run = replace(RUN, cell=RUN.cell.with_(attention="multilevel"))
    told = []
    frozen_features.extract(run.cell, params, told.append)
    assert told == ["Features of 20 frames of 'imagenette', 2368 numbers each: 0.00 GB."]
    scores = []
    for stored in (True, False):
        monkeypatch.setattr(cell_inputs, "starts_from_features", lambda *_, stored=stored: stored)
        plan = resolve(run, params)
        assert list(plan.streams) == (["features"] if stored else ["image"])
        made = one_run.run_trained(plan, tmp_path, lambda line: None)
        with np.load(io.BytesIO(made["scores.npz"]), allow_pickle=False) as arrays:
            scores.append(arrays["test_logits"])
    np.testing.assert_allclose(*scores, atol=2e-3)


def test_test_scores_that_are_no_numbers_are_not_recorded(params, tmp_path, monkeypatch):
    plan = resolve(RUN, params)
    found = fold_data.open_inputs(plan)
    scores = {"test": (np.full((8, 2), np.nan, "float32"), np.zeros(8, int))}
    with pytest.raises(FloatingPointError, match=f"{RUN.id}: 8 of 8 test .* '{found.ids('test')[0]}'"):
        one_run.scored(plan, found, scores, {}, {})


def test_the_missing_stage_is_named(params):
    larger = replace(params.protocols["clean"], size=48)
    with pytest.raises(
        params_module.ParamsError, match="needs .*index.json.*vidattn data prepare imagenette"
    ):
        resolve(RUN, replace(params, protocols={"clean": larger}))

"""Maps, Grad-CAM and their scores, each against numbers worked out by hand."""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import synthetic

from vidattn.bench import (
    executor,
    explain,
    explain_scores,
    gallery,
    gradcam,
    mapscores,
    report,
    tables,
)
from vidattn.bench import params as params_module
from vidattn.bench.cell import Cell, Run
from vidattn.bench.results import Results
from vidattn.models import build
from vidattn.models.attention import STAGES

ROOT = Path(__file__).resolve().parent.parent
CELL = "actors-tiny-cbam-frame_average-clean"


def test_grad_cam_of_a_linear_model():
    """Two maps A1 = x and A2 = 1 - x, averaged, then weights: the gradient of class c by Ak is w_ck / 4."""
    image = keras.Input((2, 2, 1), name="image")
    tap = keras.layers.Conv2D(2, 1, name="tap")
    dense = keras.layers.Dense(2, use_bias=False)
    model = keras.Model({"image": image}, dense(keras.layers.GlobalAveragePooling2D()(tap(image))))
    tap.set_weights([np.array([1.0, -1.0]).reshape(1, 1, 1, 2), np.array([0.0, 1.0])])
    dense.set_weights([np.array([[2.0, 0.0], [1.0, 4.0]])])  # class 0: 2 A1 + A2, class 1: 4 A2
    x = np.array([[0.0, 1.0], [2.0, 3.0]], "float32").reshape(1, 2, 2, 1)
    for classes, expected in ((0, [[0.25, 0.5], [0.75, 1.0]]), (1, [[1.0, 0.0], [0.0, 0.0]])):
        found = gradcam.maps(model, {"image": x}, tap, np.array([classes]))
        np.testing.assert_allclose(found, np.array(expected)[None, None], atol=1e-6)
    # logits: A means 1.5 and -0.5, so 2.5 against -2: class 0 is the predicted one
    predicted = gradcam.maps(model, {"image": x}, tap)
    np.testing.assert_allclose(predicted[0, 0], [[0.25, 0.5], [0.75, 1.0]], atol=1e-6)
    np.testing.assert_allclose(np.asarray(model({"image": x})), [[2.5, -2.0]], atol=1e-6)  # left as it was


JAX_CAM = """
import sys
import numpy as np
from vidattn.bench import gradcam
from vidattn.models import build
model = build.build("tiny", "cbam", "image", classes=3, size=32)
with np.load(sys.argv[1]) as arrays:
    model.set_weights([arrays[f"w{i}"] for i in range(len(model.weights))])
    found = gradcam.maps(model, {"image": arrays["x"]}, gradcam.layer(model, "tiny"), np.array([1, 2]))
np.save(sys.argv[2], found)
"""


def test_grad_cam_on_jax_is_that_of_tensorflow(tmp_path):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs jax, which the test requirements install")
    model = build.build("tiny", "cbam", "image", classes=3, size=32, seed=4)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
    np.savez(tmp_path / "in.npz", x=x, **{f"w{i}": w for i, w in enumerate(model.get_weights())})
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    paths = [str(tmp_path / name) for name in ("in.npz", "out.npy")]
    subprocess.run([sys.executable, "-c", JAX_CAM, *paths], env=environment, check=True)
    cam = gradcam.maps(model, {"image": x}, gradcam.layer(model, "tiny"), np.array([1, 2]))
    assert cam.max() > 0
    np.testing.assert_allclose(np.load(paths[1]), cam, atol=1e-4 * cam.max())


def test_grad_cam_is_zero_where_gradients_cancel():
    """L2PA's scores share one vector u: before the softmax the mean gradient is zero but for rounding."""
    model = build.build("tiny", "l2pa", "image", classes=3, size=32)
    x = {"image": np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype("float32")}
    assert not gradcam.maps(model, x, gradcam.layer(model, "tiny")).any()
    dot = build.build("tiny", "l2pa", "image", classes=3, size=32, attention_params={"score": "dot"})
    assert gradcam.maps(dot, x, gradcam.layer(dot, "tiny")).any()


def test_grad_cam_says_where_it_has_no_layer():
    model = build.build("tiny", "none", "mean_linear", classes=2, size=32, frames=2, from_features=6)
    with pytest.raises(ValueError, match="starts from stored features"):
        gradcam.layer(model, "tiny")
    with pytest.raises(ValueError, match="Expected one of: early, medium, late, final"):
        gradcam.layer(model, "tiny", "last")


def test_scores_by_hand():
    """A map of 2x2 cells with half of its mass in the cell that the actor fills to three quarters."""
    inside = np.array([[0.75, 0.25], [0.0, 0.0]])[None, None]
    weights = np.array([[-2.0, 1.0], [1.0, 0.0]])[None, None]  # the sign of a gate does not matter
    found = mapscores.score(weights, inside)
    assert found["inside"][0] == pytest.approx((2 * 0.75 + 1 * 0.25) / 4)
    assert (found["hits"][0], found["chance"][0]) == (0.75, 0.25)
    for even in (np.zeros_like(weights), np.ones_like(weights)):
        assert {v[0] for v in mapscores.score(even, inside).values()} == {0.25}
    ties = mapscores.score(np.array([[1.0, 1.0], [0.0, 0.0]])[None, None], inside)
    assert ties["hits"][0] == 0.5


def test_masks_become_shares_of_cells():
    masks = np.zeros((3, 4, 4), bool)
    masks[0, :2, :2] = masks[1, 0, 3] = True
    np.testing.assert_array_equal(
        mapscores.covered(masks, (3, 2, 2)), [[[1, 0], [0, 0]], [[0, 0.25], [0, 0]], np.zeros((2, 2))]
    )
    stacked = mapscores.covered(masks, (2, 2, 2), length=1)  # a pair of frames sees the actor in both
    np.testing.assert_array_equal(stacked, [[[1, 0.25], [0, 0]], [[0, 0.25], [0, 0]]])


def test_summary_pairs_scores_with_chance():
    groups, runs = np.repeat(np.arange(6), 4), np.repeat([0, 1], 12)
    chance = np.linspace(0.1, 0.2, 24)
    scores = {"inside": chance + 0.3, "hits": np.full(24, 0.5), "chance": chance}
    found = mapscores.summary(scores, chance + 0.1, groups, runs)
    assert found["inside_difference"] == found["inside_difference_low"] == pytest.approx(0.3)
    assert found["inside_other"] == pytest.approx(0.25) and found["inside"] == pytest.approx(0.45)
    assert (found["n"], found["groups"]) == (24, 6)
    assert json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("attention", "architecture", "shapes"),
    [
        ("cbam", "frame_average", dict.fromkeys(STAGES, (2, 3, 4, 4))),
        ("residual", "image", dict.fromkeys(STAGES, (2, 1, 4, 4))),
        ("l2pa", "image", dict.fromkeys(STAGES, (2, 1, 4, 4))),
        ("se", "lstm_attention", {"time": (2, 3)}),
        ("none", "frame_average", {}),
    ],
)
def test_maps_by_stage(attention, architecture, shapes):
    small = {"units": 4, "dense": 8} if "lstm" in architecture else {}
    model = build.build(
        "tiny", attention, architecture, classes=2, size=32, frames=3, architecture_params=small
    )
    shape = (2, 32, 32, 3) if architecture == "image" else (2, 3, 32, 32, 3)
    clip = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")
    found = explain.attention(model)({next(iter(model.input)): clip})
    assert {name: value.shape for name, value in found.items()} == shapes
    if "time" in found:
        np.testing.assert_allclose(found["time"].sum(1), 1, atol=1e-5)


def test_what_cannot_be_scored_says_why(tmp_path):
    params = params_module.load(ROOT / "params.yaml", store=str(tmp_path))
    (tmp_path / "actors" / "truth").mkdir(parents=True)
    cell = Cell.parse(CELL, params)
    assert explain_scores.reason(cell, params) == ""
    for changes, why in (
        ({"dataset": "imagenette"}, "has no truth"),
        ({"architecture": "two_stream"}, "its streams have"),
        ({"protocol": "icip_clean"}, "stored features"),
    ):
        assert why in explain_scores.reason(cell.with_(**changes), params)


def test_a_run_that_is_not_there_is_named(tmp_path, monkeypatch):
    params = params_module.load(ROOT / "params.yaml", store=str(tmp_path))
    monkeypatch.setattr(executor, "folder", lambda run, params: tmp_path / "none")
    with pytest.raises(params_module.ParamsError, match=f"vidattn run {CELL} --fold 2 --seed 1"):
        explain.load(Run(Cell.parse(CELL, params), 2, 1), params)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("ucf101_12-mobilenet_v2-none-nearest-icip_clean", "trains nothing and looks at nothing"),
        ("actors-tiny-cbam-two_stream-clean", "explain the cells of its streams"),
    ],
)
def test_what_has_no_model_to_explain_says_why(cell, why):
    params = params_module.load(ROOT / "params.yaml")
    with pytest.raises(params_module.ParamsError, match=why):
        explain.load(Run(Cell.parse(cell, params), 1, 0), params)


def test_overlay_is_on_the_scale_of_the_clip():
    pictures = np.full((2, 4, 4, 3), 100, np.uint8)
    maps = np.array([[[0.0]], [[5.0]]])
    dark, bright = gallery.overlay(pictures, maps)
    assert dark.max() <= 0.45 * 100 + 3 and bright.min() > 120 and bright[0, 0, 0] > bright[0, 0, 2]
    assert gallery.overlay(pictures, np.zeros((1, 1, 1))).max() <= 48  # an even map is no heat


def test_a_sheet_has_a_row_for_every_map_and_stands_in_the_report(tmp_path):
    clip = {"clip": "c", "label": "a", "prediction": "b", "confidence": 0.5}
    clip |= {"frames": np.zeros((3, 8, 8, 3), np.uint8), "true_cam": np.ones((3, 2, 2))}
    clip["maps"] = {"early": np.ones((3, 2, 2)), "time": np.ones(3) / 3, "grad_cam": np.ones((3, 2, 2))}
    names = [name.split("\n") for name, _ in gallery.rows(clip)]
    assert names == [["frames"], ["early"], ["time", "(weights)"], ["grad_cam", "b"], ["grad_cam", "a"]]
    right = list(gallery.rows({**clip, "label": "b"}))
    assert len(right) == 4
    drawn = gallery.encode(gallery.sheet("run", [clip]))
    assert drawn == gallery.encode(gallery.sheet("run", [clip]))
    root = synthetic.write(tmp_path / "results", {CELL: (0.9, 0.4, 0.4)}, folds=1)
    (root / "explain").mkdir()
    (root / "explain" / f"{CELL}.png").write_bytes(drawn)
    report.write(Results(root, [CELL]), root / "tables", root / "report.html")
    assert (root / "figures" / f"explain_{CELL}.png").read_bytes() == drawn
    assert f'id="figure-explain_{CELL}"' in (root / "report.html").read_text()


def test_the_table_has_a_row_a_map(tmp_path):
    (tmp_path / "explain").mkdir()
    scores = {"n": 8, "groups": 4, "chance": 0.1, "inside": 0.3, "inside_low": None, "inside_difference": 0.2}
    content = {"folds": 3, "seeds": 1, "maps": {"early": scores, "time": {**scores, "n": 2}}}
    (tmp_path / "explain" / f"{CELL}.json").write_text(json.dumps(content))
    frame = tables.table("attention_scores", Results(tmp_path, [CELL, synthetic.MISSING]))
    assert frame[["attention", "map", "n", "folds", "inside"]].values.tolist() == [
        ["cbam", "early", 8, 3, 0.3],
        ["cbam", "time", 2, 3, 0.3],
    ]
    assert tables.table("attention_scores", Results(tmp_path, [])).empty


def test_unchanged_runs_are_not_scored_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params = replace(params_module.load(ROOT / "params.yaml", store=str(tmp_path)), compare={})
    (tmp_path / "actors" / "truth").mkdir(parents=True)
    runs, told, made = [Run(Cell.parse(CELL, params), 1, 0)], [], []
    monkeypatch.setattr(executor, "folder", lambda run, params: tmp_path / f"key{len(made) // 2}")
    monkeypatch.setattr(
        explain_scores,
        "score_cell",
        lambda runs, params: made.append(1) or {"digests": explain_scores.digests(runs, params)},
    )
    for _ in range(2):
        explain_scores.score_all([runs], params, told.append)
    assert len(made) == 1 and told[1].endswith("scored already")
    made.append(1)  # the run has another key now
    explain_scores.score_all([runs], params, told.append)
    assert len(made) == 3
    made.pop()
    explain_scores.explained_path(runs[0].cell, ".json").write_text("{")
    explain_scores.score_all([runs], params, told.append)
    assert len(made) == 3  # what cannot be read is made again


def test_sheets_follow_the_list_also_where_scores_are_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = params_module.load(ROOT / "params.yaml", store=str(tmp_path))
    (tmp_path / "actors" / "truth").mkdir(parents=True)
    runs, drawn = [Run(Cell.parse(CELL, loaded), 1, 0)], []
    monkeypatch.setattr(executor, "folder", lambda run, params: tmp_path / "key")
    monkeypatch.setattr(
        explain_scores, "score_cell", lambda runs, params: {"digests": explain_scores.digests(runs, params)}
    )
    monkeypatch.setattr(explain_scores, "draw", lambda run, *_: drawn.append(run) or b"png")
    sheet = tmp_path / "results" / "explain" / f"{CELL}.png"
    other = sheet.with_name("another-tiny-cbam-lstm-clean.png")
    for listed, count in (([], 0), ([CELL], 1), ([CELL], 1), ([], 1)):
        explain_scores.score_all([runs], replace(loaded, compare={"sheets": listed}), lambda line: None)
        assert (len(drawn), sheet.exists(), other.exists()) == (count, bool(listed), False)
        other.write_bytes(b"no longer asked for")

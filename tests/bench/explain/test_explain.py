"""Maps, Grad-CAM and their scores, each against numbers worked out by hand."""

import base64
import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import synthetic

from vidattn.bench.config import load as params_module
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.explain import (
    attention_maps,
    contact_sheet,
    every_map,
    grad_cam,
    guided,
    score_cells,
    score_suite,
)
from vidattn.bench.plan import run_key
from vidattn.bench.report import page
from vidattn.bench.results.reader import Results
from vidattn.bench.runner import store
from vidattn.models import build
from vidattn.models.attention import STAGES

ROOT = Path(__file__).resolve().parents[3]
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
        found = grad_cam.maps(model, {"image": x}, tap, np.array([classes]))
        np.testing.assert_allclose(found, np.array(expected)[None, None], atol=1e-6)
    # logits: A means 1.5 and -0.5, so 2.5 against -2: class 0 is the predicted one
    predicted = grad_cam.maps(model, {"image": x}, tap)
    np.testing.assert_allclose(predicted[0, 0], [[0.25, 0.5], [0.75, 1.0]], atol=1e-6)
    np.testing.assert_allclose(np.asarray(model({"image": x})), [[2.5, -2.0]], atol=1e-6)  # left as it was


JAX_CAM = """
import sys
import numpy as np
from vidattn.bench.explain import grad_cam as gradcam
from vidattn.bench.explain import guided
from vidattn.models import build
model = build.build("tiny", "cbam", "image", classes=3, size=32)
with np.load(sys.argv[1]) as arrays:
    model.set_weights([arrays[f"w{i}"] for i in range(len(model.weights))])
    streams, classes = {"image": arrays["x"]}, np.array([1, 2])
    cam = gradcam.maps(model, streams, gradcam.layer(model, "tiny"), classes)
    pixels = guided.maps(model, streams, classes)
np.savez(sys.argv[2], cam=cam, pixels=pixels)
"""


@pytest.mark.battery  # JAX compiles operation by operation; tests of backends have it train in `make test`
def test_gradients_on_jax_are_those_of_tensorflow(tmp_path):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("needs jax, which the test requirements install")
    model = build.build("tiny", "cbam", "image", classes=3, size=32, seed=4)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
    np.savez(tmp_path / "in.npz", x=x, **{f"w{i}": w for i, w in enumerate(model.get_weights())})
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    paths = [str(tmp_path / name) for name in ("in.npz", "out.npz")]
    subprocess.run([sys.executable, "-c", JAX_CAM, *paths], env=environment, check=True)
    streams, classes = {"image": x}, np.array([1, 2])
    expected = {
        "cam": grad_cam.maps(model, streams, grad_cam.layer(model, "tiny"), classes),
        "pixels": guided.maps(model, streams, classes),
    }
    with np.load(paths[1]) as found:
        for name, value in expected.items():
            assert value.max() > 0
            np.testing.assert_allclose(found[name], value, atol=1e-4 * value.max())


def test_grad_cam_is_zero_where_gradients_cancel():
    """L2PA's scores share one vector u: before the softmax the mean gradient is zero but for rounding."""
    model = build.build("tiny", "l2pa", "image", classes=3, size=32)
    x = {"image": np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype("float32")}
    assert not grad_cam.maps(model, x, grad_cam.layer(model, "tiny")).any()
    dot = build.build("tiny", "l2pa", "image", classes=3, size=32, attention_params={"score": "dot"})
    assert grad_cam.maps(dot, x, grad_cam.layer(dot, "tiny")).any()


def test_grad_cam_says_where_it_has_no_layer():
    model = build.build("tiny", "none", "mean_linear", classes=2, size=32, frames=2, from_features=6)
    with pytest.raises(ValueError, match="starts from stored features"):
        grad_cam.layer(model, "tiny")
    assert grad_cam.stages(model, "tiny") == {}
    with pytest.raises(ValueError, match="Expected one of: early, medium, late, final"):
        grad_cam.layer(model, "tiny", "last")


@pytest.mark.parametrize(
    ("attention", "architecture", "shapes"),
    [
        ("cbam", "frame_average", dict.fromkeys((*STAGES, "combined"), (2, 3, 4, 4))),
        ("residual", "image", dict.fromkeys((*STAGES, "combined"), (2, 1, 4, 4))),
        ("l2pa", "image", dict.fromkeys((*STAGES, "combined"), (2, 1, 4, 4))),
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
    found = every_map.attention(model)({next(iter(model.input)): clip})
    assert {name: value.shape for name, value in found.items()} == shapes
    if "time" in found:
        np.testing.assert_allclose(found["time"].sum(1), 1, atol=1e-5)


def test_what_cannot_be_scored_says_why(tmp_path):
    params = params_module.load(ROOT / "params.yaml", store=str(tmp_path))
    (tmp_path / "actors" / "truth").mkdir(parents=True)
    cell = Cell.parse(CELL, params)
    assert score_cells.reason(cell, params) == ""
    for changes, why in (
        ({"dataset": "imagenette"}, "has no truth"),
        ({"protocol": "icip_padded"}, "different numbers of frames"),
    ):
        assert why in score_cells.reason(cell.with_(**changes), params)


def test_a_run_that_is_not_there_is_named(tmp_path, monkeypatch):
    params = params_module.load(ROOT / "params.yaml", store=str(tmp_path))
    monkeypatch.setattr(store, "folder", lambda plan: tmp_path / "none")
    monkeypatch.setattr(run_key, "data_files", lambda cell, params: [])
    with pytest.raises(params_module.ParamsError, match=f"vidattn run {CELL} --fold 2 --seed 1"):
        attention_maps.load(Run(Cell.parse(CELL, params), 2, 1), params)


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
        attention_maps.load(Run(Cell.parse(cell, params), 1, 0), params)


def test_overlay_is_on_the_scale_of_the_clip():
    pictures = np.full((2, 4, 4, 3), 100, np.uint8)
    maps = np.array([[[0.0]], [[5.0]]])
    dark, bright = contact_sheet.overlay(pictures, maps)
    assert dark.max() <= 0.45 * 100 + 3 and bright.min() > 120 and bright[0, 0, 0] > bright[0, 0, 2]
    assert contact_sheet.overlay(pictures, np.zeros((1, 1, 1))).max() <= 48  # an even map is no heat


def test_a_sheet_has_a_row_for_every_map_and_stands_in_the_report(tmp_path):
    clip = {"clip": "c", "label": "a", "prediction": "b", "confidence": 0.5}
    clip |= {"frames": np.zeros((3, 8, 8, 3), np.uint8), "true_cam": np.ones((3, 2, 2))}
    clip["maps"] = {"early": np.ones((3, 2, 2)), "time": np.ones(3) / 3, "grad_cam": np.ones((3, 2, 2))}
    names = [name.split("\n") for name, _ in contact_sheet.rows(clip)]
    assert names == [
        ["frames"],
        ["early", "1 to 1"],  # what the ends of the colour scale are
        ["time", "(weights)"],
        ["grad_cam", "b", "1 to 1"],
        ["grad_cam", "a", "1 to 1"],
    ]
    right = list(contact_sheet.rows({**clip, "label": "b"}))
    assert len(right) == 4
    drawn = contact_sheet.encode(contact_sheet.sheet("run", [clip]))
    assert drawn == contact_sheet.encode(contact_sheet.sheet("run", [clip]))
    figure = contact_sheet.sheet(
        "ucf101_12-mobilenet_v2-residual_start-frame_average-probe_one_frame-1-0", [clip]
    )
    contact_sheet.encode(figure)
    assert figure.texts[0].get_window_extent().x1 <= figure.bbox.x1  # the title is not cut
    root = synthetic.write(tmp_path / "results", {CELL: (0.9, 0.4, 0.4)}, folds=1)
    (root / "explain").mkdir()
    (root / "explain" / f"{CELL}.png").write_bytes(drawn)
    page.write(Results(root, [CELL]), root / "tables", root / "report.html")
    html = (root / "report.html").read_text()
    assert base64.b64encode(drawn).decode() in html


def test_unchanged_runs_are_not_scored_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params = replace(params_module.load(ROOT / "params.yaml", store=str(tmp_path)), compare={})
    (tmp_path / "actors" / "truth").mkdir(parents=True)
    runs, told, made = [Run(Cell.parse(CELL, params), 1, 0)], [], []
    monkeypatch.setattr(run_key, "data_files", lambda cell, params: [])
    monkeypatch.setattr(store, "key", lambda plan: f"key{len(made) // 2}")
    monkeypatch.setattr(store, "finished", lambda plan, same_device: tmp_path)
    monkeypatch.setattr(
        score_cells,
        "score_cell",
        lambda runs, params: made.append(1) or {"digests": score_cells.digests(runs, params)},
    )
    for _ in range(2):
        score_suite.write([runs], params, told.append)
    assert len(made) == 1 and told[1].endswith("scored already")
    made.append(1)  # the run has another key now
    score_suite.write([runs], params, told.append)
    assert len(made) == 3
    made.pop()
    score_suite.explained_path(runs[0].cell, ".json").write_text("{")
    score_suite.write([runs], params, told.append)
    assert len(made) == 3  # what cannot be read is made again


def test_a_cell_without_runs_is_missing_and_the_others_go_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params = replace(params_module.load(ROOT / "params.yaml", store=str(tmp_path)), compare={})
    (tmp_path / "actors" / "truth").mkdir(parents=True)
    monkeypatch.setattr(run_key, "data_files", lambda cell, params: [])
    cell, told = Cell.parse(CELL, params), []
    cells = [[Run(cell.with_(architecture=name), 1, 0)] for name in ("lstm", "two_stream", "frame_average")]
    monkeypatch.setattr(
        store, "finished", lambda plan, same_device: tmp_path if "frame_average" in plan.id else None
    )
    monkeypatch.setattr(score_cells, "score_cell", lambda runs, params: {"maps": {}})
    score_suite.write(cells, params, told.append)
    assert all("missing, none of its runs is there" in line for line in told[:2])
    assert told[2].endswith(f"{CELL}.json")


def test_cells_are_scored_side_by_side_and_told_in_their_order():
    cells = [[3], [1, 2], [5]]
    assert list(score_suite._told(sum, cells, 2)) == list(score_suite._told(sum, cells, 1)) == [3, 3, 5]


def ended(cell):
    os._exit(9)


def test_a_process_that_is_killed_is_told_with_the_way_on():
    with pytest.raises(RuntimeError, match="out of memory.*--jobs 1"):
        list(score_suite._told(ended, [[1], [2]], 2))


def test_controls_are_scored_before_what_is_held_against_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params = replace(params_module.load(ROOT / "params.yaml", store=str(tmp_path)), compare={})
    uniform = CELL.replace("cbam", "none").replace("frame_average", "lstm_uniform")
    after, none = uniform.replace("lstm_uniform", "lstm_attention"), CELL.replace("cbam", "none")
    cells = [[Run(Cell.parse(name, params), 1, 0)] for name in (CELL, after, uniform, none)]
    monkeypatch.setattr(score_suite, "_ready", lambda runs, params: ("", runs))
    monkeypatch.setattr(score_suite, "_write_cell", lambda runs, params: runs[0].cell.id)
    told = []
    score_suite.write(cells, params, told.append)
    assert told == [uniform, none, CELL, after]


def test_maps_are_held_against_each_other_clip_by_clip():
    """Two runs of three clips, of which the other cell lacks one: the difference is over the five shared."""
    runs, clips = np.repeat(["1-0", "2-0"], 3), np.array([*"abc", *"def"])
    scores = {
        f"map/{name}": np.linspace(0.2, 0.7, 6) for name in ("mass", "hits", "auc", "rank", "precision")
    }
    mine = {"run": runs, "clip": clips, "group": clips, **scores}
    theirs = {
        key: value[:0:-1] - (0.1 if "/" in key else 0) if "/" in key else value[:0:-1]
        for key, value in mine.items()
    }
    found = score_cells.against(mine, theirs)["mass"]
    assert found["value"] == pytest.approx(0.1) and (found["n"], found["groups"]) == (5, 5)


def test_sheets_follow_the_list_also_where_scores_are_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = params_module.load(ROOT / "params.yaml", store=str(tmp_path))
    (tmp_path / "actors" / "truth").mkdir(parents=True)
    runs, drawn = [Run(Cell.parse(CELL, loaded), 1, 0)], []
    monkeypatch.setattr(run_key, "data_files", lambda cell, params: [])
    monkeypatch.setattr(store, "folder", lambda plan: tmp_path / "key")
    monkeypatch.setattr(store, "finished", lambda plan, same_device: tmp_path)
    monkeypatch.setattr(
        score_cells, "score_cell", lambda runs, params: {"digests": score_cells.digests(runs, params)}
    )
    monkeypatch.setattr(score_suite, "draw", lambda run, *_: drawn.append(run) or b"png")
    sheet = tmp_path / "results" / "explain" / f"{CELL}.png"
    other = sheet.with_name("another-tiny-cbam-lstm-clean.png")
    for listed, count in (([], 0), ([CELL], 1), ([CELL], 1), ([], 1)):
        score_suite.write([runs], replace(loaded, compare={"sheets": listed}), lambda line: None)
        assert (len(drawn), sheet.exists(), other.exists()) == (count, bool(listed), False)
        other.write_bytes(b"no longer asked for")

"""Backbones: published weights, taps, channels other than three, preprocessing."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from vidattn.models import build
from vidattn.models.graph import surgery, weights
from vidattn.models.layers import core as layers

DOCUMENTED = Path(__file__).resolve().parents[2] / "results/published/keras.csv"
# At 224: parameters without top, and the side of the maps of the readers (fact: cut points of the graphs).
PARAMETERS = {
    "vgg16": 14_714_688,
    "vgg19": 20_024_384,
    "inception_v3": 21_802_784,
    "resnet50": 23_587_712,
    "xception": 20_861_480,
    "resnet50_v2": 23_564_800,
    "mobilenet_v2": 2_257_984,
}
ENDPOINTS = {
    "vgg16": [(56, 256), (28, 512), (14, 512), (7, 512)],
    "inception_v3": [(25, 288), (12, 768), (5, 2048), (5, 2048)],
    "xception": [(28, 256), (14, 728), (7, 1024), (7, 2048)],
    "resnet50_v2": [(28, 256), (14, 512), (7, 1024), (7, 2048)],
    "mobilenet_v2": [(28, 32), (14, 96), (7, 160), (7, 1280)],
    "efficientnet_b0": [(28, 40), (14, 112), (7, 192), (7, 1280)],
}


LARGE = ("inception_resnet_v2", "inception_v3", "resnet50", "resnet50_v2")  # seconds each: `make battery`


@pytest.mark.slow
@pytest.mark.parametrize(
    "backbone",
    [pytest.param(name, marks=[pytest.mark.battery] if name in LARGE else []) for name in PARAMETERS],
)
def test_parameters_and_taps_at_224(blank, backbone):
    """Alone, and with the head of 1000 classes that Keras documents."""
    documented = pd.read_csv(DOCUMENTED).set_index("backbone")["value"]
    model = build.build(backbone, "none", "image", classes=1000, size=224)
    assert model.count_params() == documented[backbone]
    endpoints = build.module("backbone", backbone).ENDPOINTS
    taps = {s: model.get_layer(surgery.layer_name(model, name)).output for s, name in endpoints.items()}
    assert keras.Model(model.input, taps["final"]).count_params() == PARAMETERS[backbone]
    shapes = [tap.shape[2:] for tap in taps.values()]
    assert shapes == ENDPOINTS.get(backbone, shapes)


@pytest.mark.parametrize("options, size, sides", [({}, 32, (16, 8, 4, 2)), ({"stem": 4}, 96, (24, 12, 6, 3))])
def test_the_small_residual_network_by_hand(options, size, sides):
    """Width 16: stem 496 (3x3x3x16 and norm), stages 4,736, 14,720, 58,112 and 230,912."""
    module = build.module("backbone", "resnet10")
    model = module.backbone((size, size, 3), **options)
    assert model.count_params() == 496 + 4_736 + 14_720 + 58_112 + 230_912
    taps = [model.get_layer(name).output.shape[1:] for name in module.ENDPOINTS.values()]
    assert taps == [(side, side, width) for side, width in zip(sides, (16, 32, 64, 128), strict=True)]
    with pytest.raises(ValueError, match="'resnet10' has no ImageNet weights; use weights: null"):
        weights.stock(module, (32, 32, 3), "imagenet")


def test_folded_weights_give_the_recorded_features(shared):
    """ImageNet weights with folded batch norm: features of ten real pictures."""
    folder = shared / "mobilenet_v2"
    model = build.features(
        "mobilenet_v2",
        size=224,
        backbone_params={"weights": str(folder / "mobilenet_v2_1.0_224_notop_folded.npz")},
    )
    check = np.load(folder / "check_features.npz")
    pictures = []
    for name in check["files"]:
        picture = keras.utils.load_img(shared / str(name), target_size=(224, 224), interpolation="bilinear")
        pictures.append(np.asarray(picture, "float32") / 127.5 - 1)
    features = keras.ops.convert_to_numpy(model(np.stack(pictures)))
    np.testing.assert_allclose(features, check["features"], atol=1e-3)


def test_first_kernel_is_averaged_over_colours_for_flow():
    kernel = np.arange(6.0).reshape(1, 1, 3, 2)  # means over the three inputs: 2 and 3
    spread = surgery.average_channels(kernel, 4)
    np.testing.assert_array_equal(spread[0, 0], [[2, 3]] * 4)


def test_weights_file_goes_to_rgb_and_flow(tmp_path):
    module = build.module("backbone", "tiny")
    source = module.backbone((32, 32, 3))
    source.save_weights(tmp_path / "tiny.weights.h5")
    rgb, flow = (weights.stock(module, (32, 32, c), str(tmp_path / "tiny.weights.h5")) for c in (3, 10))
    for ours, theirs in zip(rgb.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    first = source.get_layer("conv1").get_weights()[0]
    expected = np.repeat(first.mean(2, keepdims=True), 10, axis=2)
    np.testing.assert_allclose(flow.get_layer("conv1").get_weights()[0], expected, atol=1e-7)
    np.testing.assert_array_equal(flow.get_weights()[-1], source.get_weights()[-1])


def test_missing_weights_are_an_error():
    with pytest.raises(
        ValueError, match="No weights file at 'nowhere.npz'. Expected null, imagenet, or a path"
    ):
        build.features("tiny", size=32, backbone_params={"weights": "nowhere.npz"})


@pytest.mark.parametrize("channels, given", [(3, "trained.weights.h5"), (3, "trained.npz"), (10, "imagenet")])
def test_efficientnet_takes_only_the_weights_that_keras_builds_it_for(channels, given):
    module = build.module("backbone", "efficientnet_b0")
    with pytest.raises(
        ValueError, match="efficientnet_b0 .* only .*imagenet for RGB.* or null.*got .*" + given
    ):
        weights.stock(module, (32, 32, channels), given)


def test_caffe_preprocessing_is_that_of_keras():
    raw = np.random.default_rng(0).uniform(0, 255, (1, 2, 2, 3)).astype("float32")
    ours = layers.Preprocess("caffe")(raw / 127.5 - 1)
    theirs = keras.applications.vgg16.preprocess_input(raw.copy())
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    np.testing.assert_allclose(layers.Preprocess("raw")(raw / 127.5 - 1), raw, atol=1e-3)
    flow = np.full((1, 1, 1, 10), 0.5, "float32")
    np.testing.assert_allclose(layers.Preprocess("caffe")(flow), np.full_like(flow, 63.75))


def test_ordinals_name_layers_that_keras_numbers_itself():
    model = build.module("backbone", "xception").backbone((96, 96, 3))
    adds = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert len(adds) == 12
    assert surgery.layer_name(model, "Add[10]") == adds[10]


def test_width_of_mobilenet_and_of_tiny(blank):
    sizes = [
        build.features("mobilenet_v2", size=32, backbone_params={"alpha": a}).count_params()
        for a in (0.35, 1.0)
    ]
    assert sizes[0] < sizes[1] == 2_257_984
    tiny = build.features("tiny", size=64)
    assert tiny.count_params() == 15_408

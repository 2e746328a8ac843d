"""Grad-CAM and Guided Grad-CAM on MobileNetV2 against another implementation, and over time by hand."""

import os
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from vidattn.bench.explain import grad_cam, guided
from vidattn.bench.explain.every_map import Explainer
from vidattn.models import build

SHARED = Path(os.environ.get("VIDATTN_SHARED", Path(__file__).resolve().parents[4] / "shared"))
FOLDED = "data/mobilenet_v2/mobilenet_v2_1.0_224_notop_folded.npz"


@pytest.fixture(scope="module")
def mobile():
    """The network with shared weights where they are, else random ones, and a head of three classes."""
    weights = str(SHARED / FOLDED) if (SHARED / FOLDED).is_file() else None
    given = {"weights": weights} if weights else {}
    model = build.build(
        "mobilenet_v2", "none", "image", classes=3, size=96, backbone_params=given, freeze="trunk", seed=1
    )
    x = np.random.default_rng(0).uniform(-1, 1, (2, 96, 96, 3)).astype("float32")
    return model, cv2.GaussianBlur(x[0], (0, 0), 3)[None].repeat(2, 0) * 4 + 0.2 * x


@tf.custom_gradient
def guided_relu6(x):
    def back(slope):
        passed = tf.cast((x > 0) & (x < 6), slope.dtype)
        return passed * tf.maximum(slope, 0)

    return tf.nn.relu6(x), back


def test_grad_cam_is_that_of_another_implementation(mobile):
    """A second graph from the pictures to the tap and the logits, differentiated at once."""
    model, x = mobile
    tap = grad_cam.layer(model, "mobilenet_v2")
    both = keras.Model(model.input, [tap.output, model.output])
    with tf.GradientTape() as tape:
        maps, logits = both({"image": x})
        score = logits[0, 2] + logits[1, 0]
    slopes = tape.gradient(score, maps).numpy()
    expected = np.maximum((maps.numpy() * slopes.mean(axis=(1, 2), keepdims=True)).sum(-1), 0)
    found = grad_cam.maps(model, {"image": x}, tap, np.array([2, 0]))[:, 0]
    assert expected.max() > 0
    np.testing.assert_allclose(found, expected, atol=1e-5 * expected.max())


def test_guided_gradients_are_those_of_another_implementation(mobile):
    """The network cloned with another ReLU, whose gradient is written out."""
    model, x = mobile

    def other(layer):
        if isinstance(layer, keras.layers.ReLU):
            return keras.layers.Lambda(guided_relu6, output_shape=lambda s: s, name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    clone = keras.models.clone_model(model, clone_function=other)
    clone.set_weights(model.get_weights())
    pictures = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        score = clone({"image": pictures})[:, 1]
    expected = np.abs(tape.gradient(score, pictures).numpy()).max(axis=-1)
    found = guided.maps(model, {"image": x}, np.array([1, 1]))[:, 0]
    assert expected.max() > 0
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())
    with tf.GradientTape() as tape:  # the model is as it was: plain gradients differ
        tape.watch(pictures)
        score = model({"image": pictures})[:, 1]
    plain = np.abs(tape.gradient(score, pictures).numpy()).max(axis=-1)
    assert np.abs(plain - expected).max() > 0.1 * expected.max()


def test_guided_grad_cam_is_the_product_at_the_size_of_the_picture():
    pixels, cam = np.full((1, 1, 4, 4), 2.0), np.array([[0.0, 1.0], [0.0, 1.0]])[None, None]
    np.testing.assert_allclose(guided.product(pixels, cam)[0, 0, 0], [0, 0.5, 1.5, 2])


def test_only_positive_gradients_pass():
    with tf.GradientTape() as tape:
        x = tf.constant([1.0, 2.0])
        tape.watch(x)
        y = tf.reduce_sum(guided.positive(x) * [3.0, -3.0])
    np.testing.assert_array_equal(tape.gradient(y, x), [3, 0])


def test_over_time_of_stored_features_by_hand():
    """The mean of frames, then weights: frame t speaks for class c by w_c x_t / T, where that is positive."""
    model = build.build("tiny", "none", "mean_linear", classes=2, size=32, frames=2, from_features=3)
    weights = np.array([[1.0, 0], [0, 1], [2, -1]], "float32")
    model.layers[-1].set_weights([weights, np.zeros(2)])
    x = np.array([[[1.0, 0, 0], [0, 3, 1]]], "float32")
    found = Explainer(model, "tiny")({"features": x}, np.array([1]))
    assert list(found) == ["time_gradient"]
    np.testing.assert_allclose(found["time_gradient"], [[0, (3 - 1) / 2]], atol=1e-6)


@pytest.mark.parametrize(
    ("attention", "architecture", "features", "expected"),
    [
        ("cbam", "frame_average", False, {"early", "medium", "late", "combined", "guided_grad_cam"}),
        ("l2pa_dot", "frame_average", True, {"early", "medium", "late", "combined", "grad_cam_early"}),
        ("none", "transformer", False, {"rollout_time", "grad_cam", "guided_grad_cam"}),
        ("none", "attentive_probe", True, {"rollout_time", "grad_cam"}),
        ("none", "lstm_attention", False, {"time", "grad_cam_combined"}),
    ],
)
def test_every_map_that_a_model_has(attention, architecture, features, expected):
    """Shapes are those of clips; from stored maps, gradients end at the maps."""
    forms = {"form": "original", "score": "dot"} if attention == "l2pa_dot" else {}
    shapes = build.map_shapes("tiny", size=32) if features else None
    small = {"units": 4, "dense": 8} if "lstm" in architecture else {"width": 8, "heads": 2, "hidden": 8}
    model = build.build(
        "tiny",
        attention.removesuffix("_dot"),
        architecture,
        classes=2,
        size=32,
        frames=3,
        attention_params=forms,
        architecture_params={} if architecture == "frame_average" else small,
        from_features=shapes,
    )
    (name,) = model.input
    clip = np.random.default_rng(0).uniform(-1, 1, (2, *model.input[name].shape[1:])).astype("float32")
    found = Explainer(model, "tiny")({name: clip})
    assert expected | {"time_gradient"} <= set(found)
    assert ("guided_grad_cam" in found) == (not features)
    for key, value in found.items():
        assert value.shape[:2] == (2, 3) and value.ndim == (2 if "time" in key else value.ndim)
    for name in {"rollout", "rollout_time"} & set(found):
        np.testing.assert_allclose(found[name].reshape(2, -1).sum(1), 1, atol=1e-5)

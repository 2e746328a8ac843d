"""Stored maps in the place of a frozen backbone: the same weights, the same numbers."""

import keras
import numpy as np
import pytest

from vidattn.models import build

SIZE, FRAMES, CLASSES = 64, 3, 4
READERS = [
    ("none", "frame_average"),
    ("multilevel", "frame_average"),
    ("l2pa", "frame_average"),
    ("gated", "frame_average"),
    ("gated_grid", "lstm"),
    ("none", "attentive_probe"),
    ("none", "mean_linear"),
    ("l2pa", "image"),
]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of drawn weights of `tiny`, whose norms do something.

    Of a seed: a gate in the thesis' form divides by a sum of scores, and weights that bring it near zero make
    the rounding to 16 bits as large as one likes.
    """
    keras.utils.set_random_seed(7)
    rng = np.random.default_rng(7)
    model = build.module("backbone", "tiny").backbone((SIZE, SIZE, 3))
    for norm in (layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)):
        norm.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in norm.get_weights()])
    path = tmp_path_factory.mktemp("weights") / "tiny.weights.h5"
    model.save_weights(path)
    return {"weights": str(path)}


def pair(attention, architecture, weights):
    """The model through the frozen backbone, that from its stored maps, and the inputs of both."""
    options = {"classes": CLASSES, "size": SIZE, "frames": FRAMES, "seed": 5}
    whole = build.build("tiny", attention, architecture, **options, backbone_params=weights, freeze="trunk")
    shapes = build.map_shapes("tiny", size=SIZE)
    head = build.build("tiny", attention, architecture, **options, from_features=shapes)
    frames = 1 if architecture == "image" else FRAMES
    clips = np.random.default_rng(11).uniform(-1, 1, (2, frames, SIZE, SIZE, 3)).astype("float32")
    store = build.features("tiny", size=SIZE, pool="maps", backbone_params=weights)
    maps = np.asarray(store(clips.reshape(-1, SIZE, SIZE, 3))).reshape(2, frames, -1)
    inputs = {"image": clips[:, 0]} if architecture == "image" else {"rgb": clips}
    return whole, inputs, head, maps


def logits_and_gradients(model, inputs):
    import tensorflow as tf

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        logits = model(inputs, training=False)
        value = loss(np.array([0, 1]), logits)
    return np.asarray(logits), [np.asarray(g) for g in tape.gradient(value, model.trainable_weights)]


@pytest.mark.parametrize(("attention", "architecture"), READERS)
def test_a_head_trains_from_stored_maps_as_through_the_trunk(attention, architecture, weights):
    """Initial weights, logits and gradients of both; logits to the precision of the 16 bits that are stored.

    Gradients are compared at 32 bits: rounding to 16 moves units across the kinks of their ReLUs.
    """
    whole, clips, head, maps = pair(attention, architecture, weights)
    for ours, theirs in zip(head.trainable_weights, whole.trainable_weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    logits, gradients = logits_and_gradients(whole, clips)
    from_maps, gradients_from_maps = logits_and_gradients(head, {"features": maps})
    np.testing.assert_allclose(from_maps, logits, atol=1e-4)
    for ours, theirs in zip(gradients_from_maps, gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3 * max(float(np.abs(theirs).max()), 1e-3))
    stored = {"features": maps.astype("float16").astype("float32")}
    np.testing.assert_allclose(np.asarray(head(stored, training=False)), logits, atol=0.02)


def test_in_line_attention_cannot_start_from_stored_maps():
    shapes = build.map_shapes("tiny", size=SIZE)
    with pytest.raises(
        ValueError, match="'cbam' acts inside the backbone, which stored features have passed"
    ):
        build.build("tiny", "cbam", "frame_average", classes=3, size=SIZE, frames=2, from_features=shapes)

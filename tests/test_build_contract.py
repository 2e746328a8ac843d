"""The battery: every backbone, attention and architecture that is found keeps the contract."""

import inspect

import keras
import numpy as np
import pytest

from vidattn.models import build, layers, surgery
from vidattn.models import weights as loading

SMALL = {
    "dense": 32,
    "width": 8,
    "units": 4,
    "hidden": 8,
    "features": 8,
    "filters": 8,
    "depth": 2,
    "heads": 2,
}
SMALL_ATTENTION = {"hidden": 8, "c_int": 4, "t": 1, "shortcuts": (1, 0, 0)}
OWN_DEPTH = {"r2plus1d": {"depth": 18}}
CLASSES, FRAMES, SIZE = 3, 7, 32

# Weights that the maths leaves without gradient: a softmax does not see what is the same for all it compares.
BLIND = {
    # <u, l + g'> = <u, l> + <u, g'>, and the second is the same everywhere: g is not seen
    "l2pa": ("l2pa_project", "conv5", "stage5"),
    "transformer": ("_key/bias",),  # q (k + b) adds q b to every key
}
IMPOSSIBLE = {("conv3d", name) for name in build.names("attention") if name != "none"}


def options(function, small, **more):
    known = inspect.signature(function).parameters
    return {k: v for k, v in {**small, **more}.items() if k in known}


def cells():
    for architecture in build.names("architecture"):
        own = getattr(build.module("architecture", architecture), "OWN_BODY", False)
        for attention in build.names("attention"):
            if (architecture, attention) not in IMPOSSIBLE:
                yield ("none" if own else "tiny", attention, architecture)


def cell_model(cell, seed=1):
    backbone, attention, architecture = cell
    head, chosen = build.module("architecture", architecture), build.module("attention", attention)
    return build.build(
        *cell,
        classes=CLASSES,
        size=64 if architecture == "multiresolution" else SIZE,
        frames=FRAMES,
        flow_length=1 if architecture == "conv3d" else 5,
        backbone_params={"width": 8} if backbone == "tiny" else {},
        attention_params=options(chosen.attention, SMALL_ATTENTION, r=1 if attention == "residual" else 4),
        architecture_params=options(head.architecture, SMALL, **OWN_DEPTH.get(architecture, {})),
        seed=seed,
    )


def inputs(model, batch=2, seed=0):
    generator = np.random.default_rng(seed)
    return {
        name: generator.uniform(-1, 1, (batch, *tensor.shape[1:])).astype("float32")
        for name, tensor in model.input.items()
    }


def gradients(model, clips):
    """Gradient of the mean cross-entropy by weight path."""
    import tensorflow as tf

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        value = loss(np.arange(len(next(iter(clips.values())))) % CLASSES, model(clips, training=False))
    return dict(zip((w.path for w in model.trainable_weights), tape.gradient(value, model.trainable_weights)))


def blind(path, cell):
    return any(name in cell and part in path for name, parts in BLIND.items() for part in parts)


@pytest.mark.parametrize("cell", list(cells()), ids="-".join)
def test_cell_builds_gives_logits_and_passes_gradients(cell):
    model = cell_model(cell)
    assert model.output.shape == (None, CLASSES)
    assert model.output.dtype == "float32"
    clips = inputs(model)
    assert np.isfinite(keras.ops.convert_to_numpy(model(clips))).all()
    dead = [
        path
        for path, gradient in gradients(model, clips).items()
        if (gradient is None or not np.abs(gradient).max() > 0) and not blind(path, cell)
    ]
    assert not dead


SAVED = [("tiny", name, "temporal_stream") for name in build.names("attention")]
SAVED += [
    cell
    for cell in cells()
    if cell[1] == {"i3d": "residual", "c3d": "cbam", "r2plus1d": "gated_grid"}.get(cell[2], "none")
]


@pytest.mark.parametrize("cell", SAVED, ids="-".join)
def test_saved_model_reloads_exactly(cell, tmp_path):
    model = cell_model(cell)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    clips = inputs(model)
    np.testing.assert_array_equal(model(clips), again(clips))


@pytest.mark.parametrize("attention", build.names("attention"))
@pytest.mark.parametrize("architecture", ["frame_average", "c3d", "i3d"])
def test_maps_keep_their_stated_range(architecture, attention):
    if attention == "none":
        pytest.skip("none has no maps")
    model = cell_model(("none" if architecture == "c3d" else "tiny", attention, architecture))
    found = build.maps(model)(inputs(model))
    marks = {layer.name: layer for layer in build.parts(model) if isinstance(layer, layers.Map)}
    assert len(found) == len(marks) > 0
    for name, value in found.items():
        mark = marks[name.removeprefix("rgb_")]
        value = keras.ops.convert_to_numpy(value)
        assert mark.low is None or value.min() >= mark.low
        assert mark.high is None or value.max() <= mark.high
        if mark.total is not None:
            lead = value.shape[:2] if name.startswith("rgb_") else value.shape[:1]
            np.testing.assert_allclose(value.reshape(*lead, -1).sum(-1), mark.total, rtol=1e-4)


def test_same_seed_same_output_every_attention():
    for attention in build.names("attention"):
        first, second = (cell_model(("tiny", attention, "image")) for _ in range(2))
        np.testing.assert_array_equal(first(inputs(first)), second(inputs(second)))


REAL = [name for name in build.names("backbone") if name not in ("none", "tiny")]
SIZES = {"inception_v3": 96, "xception": 96, "inception_resnet_v2": 96}


@pytest.mark.slow
@pytest.mark.parametrize("backbone", REAL)
def test_real_backbone_takes_every_attention(backbone, monkeypatch):
    """Builds each pair at an odd-sized grid of taps; the backbone itself is built once."""
    size = SIZES.get(backbone, 64)
    made = loading.stock(build.module("backbone", backbone), (size, size, 3), None)
    monkeypatch.setattr(loading, "stock", lambda *args, **options: made)
    monkeypatch.setattr(surgery, "transfer", lambda pairs: None)
    for attention in build.names("attention"):
        model = build.build(backbone, attention, "image", classes=CLASSES, size=size)
        assert model.output.shape == (None, CLASSES)
        if attention != "none":
            assert len(build.maps(model).output) in (3, 6)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", REAL)
def test_real_backbone_takes_flow_and_starts_from_the_seed(backbone):
    size = SIZES.get(backbone, 32)
    model = build.build(
        backbone, "gated_grid", "temporal_stream", classes=CLASSES, size=size, frames=7, seed=3
    )
    assert model.input["flow"].shape == (None, 2, size, size, 10)
    output = keras.ops.convert_to_numpy(model(inputs(model, batch=1)))
    assert output.shape == (1, CLASSES) and np.isfinite(output).all()

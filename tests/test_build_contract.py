"""The battery: every backbone, attention and architecture that is found keeps the contract.

Every combination is built twice, saved and reloaded. The smallest backbone goes through all attentions and
architectures; the real ones through all attentions on images, two of each here, the rest by `make battery`.
"""

import random
import re
import sys
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest

from vidattn.bench import sample
from vidattn.models import attention as plug_ins
from vidattn.models import build, cost, inspection, layers

# Weights that the maths leaves without gradient: a softmax does not see what is the same for all it compares.
BLIND = {
    # <u, l + g'> = <u, l> + <u, g'>, and the second is the same everywhere: g is not seen
    "l2pa": ("l2pa_project", "conv5", "stage5"),
    "transformer": ("_key/bias",),  # q (k + b) adds q b to every key
}
REAL = list(sample.real())


def gradients(model, clips):
    """Gradient of the mean cross-entropy by weight path."""
    import tensorflow as tf

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        labels = np.arange(len(next(iter(clips.values())))) % sample.CLASSES
        value = loss(labels, model(clips, training=False))
    return dict(zip((w.path for w in model.trainable_weights), tape.gradient(value, model.trainable_weights)))


def blind(model, cell):
    """Parts of the paths of weights that may be without gradient."""
    parts = [part for name, parts in BLIND.items() if name in cell for part in parts]
    if cell[1] == "l2pa" and cell[2] == "image":
        parts += unseen(model, build.module("backbone", cell[0]).ENDPOINTS)
    return tuple(parts)


def unseen(model, endpoints):
    """Layers behind all taps that weighted L2PA looks at; a softmax over one position looks at nothing."""
    from vidattn.models import surgery

    taps = {s: model.get_layer(surgery.layer_name(model, name)).output for s, name in endpoints.items()}
    seen = [t for s, t in taps.items() if s != "final" and t.shape[1] * t.shape[2] > 1]
    behind = {layer.name for layer in keras.Model(model.input, list(taps.values())).layers}
    behind -= {layer.name for layer in keras.Model(model.input, seen).layers}
    single = [f"{s}_l2pa_u" for s, t in taps.items() if t.shape[1] * t.shape[2] == 1]
    return [f"{name}/" for name in behind] + single


def dead(model, clips, cell, seeds=(2, 3)):
    """Weights that no gradient reaches under any seed: a ReLU of few units may be off for all clips."""
    allowed = blind(model, cell)
    found = {
        path
        for path, gradient in gradients(model, clips).items()
        if (gradient is None or not np.abs(gradient).max() > 0) and not any(part in path for part in allowed)
    }
    if found and seeds:
        return found & dead(sample.model(cell, seed=seeds[0]), clips, cell, seeds[1:])
    return found


def check(cell, folder):
    """Shapes, gradients, save and reload, the same seed, and the ranges of the maps of one combination."""
    model = sample.model(cell)
    assert model.output.shape == (None, sample.CLASSES) and model.output.dtype == "float32"
    clips = sample.inputs(model)
    output = np.asarray(model(clips))
    assert np.isfinite(output).all()
    assert not dead(model, clips, cell)
    np.testing.assert_array_equal(sample.model(cell)(clips), output)
    model.save(folder / "model.keras")
    again = keras.models.load_model(folder / "model.keras")
    np.testing.assert_array_equal(again(clips), output)
    if any(isinstance(layer, layers.Map) for layer in inspection.parts(again)):
        check_maps(again, clips)
    else:
        assert cell[1] == "none", (
            f"{cell[1]} marks none of its maps: pass each through vidattn.models.layers.Map(low=..., "
            'high=..., name="<stage>_<name>_map"), as the example in README.md does.'
        )


def check_maps(model, clips):
    """Every map is found, also in the reloaded model, and keeps its stated range and sum."""
    found = inspection.maps(model)(clips)
    marks = {layer.name: layer for layer in inspection.parts(model) if isinstance(layer, layers.Map)}
    assert marks and found
    for name, value in found.items():
        mark = next(marks[key] for key in sorted(marks, key=len, reverse=True) if name.endswith(key))
        value = keras.ops.convert_to_numpy(value)
        assert np.isfinite(value).all()
        assert mark.low is None or value.min() >= mark.low
        assert mark.high is None or value.max() <= mark.high
        if mark.total is not None:
            lead = value.shape[: 1 if name == mark.name else 2]  # maps of frames are named after their stream
            np.testing.assert_allclose(value.reshape(*lead, -1).sum(-1), mark.total, rtol=1e-4)


@pytest.mark.parametrize("cell", list(sample.cells()), ids="-".join)
def test_smallest_backbone_with_every_attention_in_every_architecture(cell, tmp_path, record_property):
    check(cell, tmp_path)
    record_property("battery", "attention x architecture")


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The attention module that README.md shows, as the plug-in `mine`."""
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    block = re.search(r"`models/attention/mine\.py`.*?```python\n(.*?)```", readme, re.DOTALL).group(1)
    (tmp_path / "mine.py").write_text(textwrap.dedent(block), encoding="utf-8")
    found = build.names
    names = lambda kind: found(kind) + ["mine"] * (kind == "attention")  # noqa: E731
    monkeypatch.setattr(build, "names", names)
    monkeypatch.setattr(plug_ins, "__path__", [*plug_ins.__path__, str(tmp_path)])
    yield
    sys.modules.pop(f"{plug_ins.__name__}.mine", None)


@pytest.mark.parametrize(
    "cell",
    [("tiny", "mine", "image"), ("tiny", "mine", "two_stream"), ("none", "mine", "c3d")],
    ids="-".join,
)
def test_the_example_of_the_readme_keeps_the_contract(example, cell, tmp_path):
    """On images, in both streams, and on maps of clips (B, T, H, W, C); its FLOPs can be counted."""
    check(cell, tmp_path)
    assert cost.cost(sample.model(cell)).total > cost.cost(sample.model((cell[0], "none", cell[2]))).total


def real_backbones():
    """All pairs; those that a seeded draw leaves out are marked."""
    drawn = random.Random(20261121)
    for backbone in dict.fromkeys(cell[0] for cell in REAL):
        cells = [cell for cell in REAL if cell[0] == backbone]
        here = drawn.sample(cells, 2)
        for cell in cells:
            marks = [pytest.mark.slow, *([] if cell in here else [pytest.mark.battery])]
            yield pytest.param(cell, id="-".join(cell), marks=marks)


@pytest.mark.parametrize("cell", real_backbones())
def test_real_backbone_with_every_attention(cell, tmp_path, record_property):
    check(cell, tmp_path)
    record_property("battery", "backbone x attention")


@pytest.mark.slow
@pytest.mark.parametrize("backbone", dict.fromkeys(cell[0] for cell in REAL))
def test_real_backbone_takes_flow(backbone):
    size = sample.SIZES.get(backbone, 32)
    model = build.build(
        backbone, "gated_grid", "temporal_stream", classes=sample.CLASSES, size=size, frames=7, seed=3
    )
    assert model.input["flow"].shape == (None, 2, size, size, 10)
    output = keras.ops.convert_to_numpy(model(sample.inputs(model, batch=1)))
    assert output.shape == (1, sample.CLASSES) and np.isfinite(output).all()

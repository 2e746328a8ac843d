"""The battery: every backbone, attention and architecture that is found keeps the contract.

A combination is built twice, saved and reloaded. All are the smallest backbone with every attention in every
architecture, and real ones with every attention on images. `make test` takes one attention for each
architecture, more where a kind would not meet a way of asking for it, and one for each of three backbones;
`make battery` takes the rest.
"""

import re
import sys
import textwrap
from collections import Counter
from itertools import cycle
from pathlib import Path

import keras
import numpy as np
import pytest

from vidattn.bench.studies import sample_models
from vidattn.models import attention as plug_ins
from vidattn.models import build
from vidattn.models.graph import flops, inspection, weights
from vidattn.models.layers import core as layers

# Weights that the maths leaves without gradient: a softmax does not see what is the same for all it compares.
BLIND = {
    # <u, l + g'> = <u, l> + <u, g'>, and the second is the same everywhere: g is not seen
    "l2pa": ("l2pa_project", "conv5", "stage5"),
    "transformer": ("_key/bias",),  # q (k + b) adds q b to every key
    "attentive_probe": ("_key/bias",),
}
REAL = list(sample_models.real())
SHALLOW = ("mobilenet_v2", "resnet10")  # built in seconds
# One of layers in a row and one of shortcuts; the others take more seconds: `make battery`
SAMPLE = ("vgg19", "resnet50")


def gradients(model, clips):
    """Gradient of the mean cross-entropy by weight path."""
    import tensorflow as tf

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        labels = np.arange(len(next(iter(clips.values())))) % sample_models.CLASSES
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
    from vidattn.models.graph import surgery

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
        return found & dead(sample_models.model(cell, seed=seeds[0]), clips, cell, seeds[1:])
    return found


def check(cell, folder):
    """Shapes, gradients, save and reload, the same seed, and the ranges of the maps of one combination."""
    model = sample_models.model(cell)
    assert model.output.shape == (None, sample_models.CLASSES) and model.output.dtype == "float32"
    clips = sample_models.inputs(model)
    output = np.asarray(model(clips))
    assert np.isfinite(output).all()
    assert not dead(model, clips, cell)
    np.testing.assert_array_equal(sample_models.model(cell)(clips), output)
    model.save(folder / "model.keras")
    again = keras.models.load_model(folder / "model.keras")
    np.testing.assert_array_equal(again(clips), output)
    if any(isinstance(layer, layers.Map) for layer in inspection.parts(again)):
        check_maps(again, clips)
    else:
        assert cell[1] in ("none", "multilevel"), (
            f"{cell[1]} marks none of its maps: pass each through vidattn.models.layers.core.Map(low=..., "
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


def hooks(attention):
    """The hooks that an attention uses: attentions of the same ones reach a model in the same way."""
    made = build.module("attention", attention).attention()
    return made.plain, bool(made.parallel), bool(made.readout), bool(made.classify)


def asked(architecture):
    """What an architecture has of the encoder, where the attention acts."""
    text = Path(build.module("architecture", architecture).__file__).read_text(encoding="utf-8")
    return set(re.findall(r"encoder\.(features|logits|final|image|inflated|attention)\b", text))


def meetings(cell):
    """Each hook kind of a cell's attention with each way in which its architecture asks for it."""
    return {(hooks(cell[1]), way) for way in asked(cell[2])}


def drawn(cells):
    """An attention for every architecture, and what brings meetings that these lack.

    An architecture takes what has most new meetings, and of these the attention that was taken least.
    """
    missing = set().union(*map(meetings, cells))
    taken = []

    def take(options):
        uses = Counter(cell[1] for cell in taken)
        best = max(options, key=lambda cell: (len(meetings(cell) & missing), -uses[cell[1]]))
        taken.append(best)
        missing.difference_update(meetings(best))

    for architecture in dict.fromkeys(cell[2] for cell in cells):
        take([cell for cell in cells if cell[2] == architecture])
    while missing:
        take([cell for cell in cells if cell not in taken])
    return taken


def smallest():
    """All cells of the smallest backbone; those that are not drawn are marked."""
    cells = list(sample_models.cells())
    here = drawn(cells)
    for cell in cells:
        yield pytest.param(cell, id="-".join(cell), marks=[] if cell in here else [pytest.mark.battery])


@pytest.mark.parametrize("cell", smallest())
def test_smallest_backbone_with_every_attention_in_every_architecture(cell, tmp_path, record_property):
    check(cell, tmp_path)
    record_property("battery", "attention x architecture")


@pytest.fixture
def example(request, tmp_path, monkeypatch):
    """The attention module that a page shows, as the plug-in `mine`."""
    page = (Path(__file__).resolve().parents[2] / request.param).read_text(encoding="utf-8")
    block = re.search(r"`models/attention/mine\.py`.*?```python\n(.*?)```", page, re.DOTALL).group(1)
    (tmp_path / "mine.py").write_text(textwrap.dedent(block), encoding="utf-8")
    found = build.names
    names = lambda kind: found(kind) + ["mine"] * (kind == "attention")  # noqa: E731
    monkeypatch.setattr(build, "names", names)
    monkeypatch.setattr(plug_ins, "__path__", [*plug_ins.__path__, str(tmp_path)])
    yield
    sys.modules.pop(f"{plug_ins.__name__}.mine", None)


@pytest.mark.parametrize(
    "example, cell",
    [
        ("README.md", ("tiny", "mine", "image")),
        ("README.md", ("tiny", "mine", "two_stream")),
        ("README.md", ("none", "mine", "c3d")),
        ("docs/tutorials/attention.md", ("tiny", "mine", "image")),
        ("docs/tutorials/attention.md", ("none", "mine", "c3d")),
    ],
    indirect=["example"],
    ids=str,
)
def test_the_example_of_a_page_keeps_the_contract(example, cell, tmp_path):
    """On images, in both streams, and on maps of clips (B, T, H, W, C); its FLOPs can be counted."""
    check(cell, tmp_path)
    assert (
        flops.cost(sample_models.model(cell)).total
        > flops.cost(sample_models.model((cell[0], "none", cell[2]))).total
    )


def real_backbones(full):
    """Pairs of backbone and attention, the attentions in turn; with `full` all, those of slow ones marked.

    Without, those of slow ones alone, marked but for a sample: the shallow one's gradients are seen above.
    """
    turns = cycle(build.names("attention"))
    for backbone in dict.fromkeys(cell[0] for cell in REAL):
        turn, shallow = next(turns), backbone in SHALLOW
        for cell in (cell for cell in REAL if cell[0] == backbone and (full or cell[1] == turn)):
            if full or not shallow:
                here = shallow and cell[1] == turn if full else backbone in SAMPLE
                marks = [pytest.mark.slow, *([] if here else [pytest.mark.battery])]
                yield pytest.param(cell, id="-".join(cell), marks=marks)


@pytest.mark.parametrize("cell", real_backbones(full=True))
def test_real_backbone_with_every_attention(cell, tmp_path, record_property):
    check(cell, tmp_path)
    record_property("battery", "backbone x attention")


@pytest.mark.parametrize("cell", real_backbones(full=False))
def test_gradients_reach_all_of_a_real_backbone(cell):
    """Those of many layers are built once here, and neither saved nor reloaded."""
    model = sample_models.model(cell)
    clips = sample_models.inputs(model)
    assert np.isfinite(model(clips)).all()
    assert not dead(model, clips, cell)


def test_the_draw_leaves_no_part_out():
    cells = list(sample_models.cells())
    taken = drawn(cells)
    assert len(taken) == len(set(taken)) < len(cells) / 4
    for place, least in ((1, 3), (2, 1)):  # attention, architecture
        uses = Counter(cell[place] for cell in taken)
        assert all(uses[name] >= least for name in {cell[place] for cell in cells})
    ways = {"features", "logits", "final", "image", "inflated", "attention"}
    assert {(hooks(name), way) for name in build.names("attention") for way in ways} == set().union(
        *map(meetings, taken)
    )


def backbones():
    """Every real backbone; those that are many layers of the same kinds are marked."""
    for name in dict.fromkeys(cell[0] for cell in REAL):
        quick = name in (*SHALLOW, "efficientnet_b0")
        yield pytest.param(name, marks=[pytest.mark.slow, *([] if quick else [pytest.mark.battery])])


@pytest.mark.parametrize("backbone", backbones())
def test_real_backbone_has_maps_of_a_stack_of_flow(backbone):
    size = sample_models.size((backbone, "none", "temporal_stream"))
    model = weights.stock(build.module("backbone", backbone), (size, size, 10), None)
    stack = np.random.default_rng(0).uniform(-1, 1, (1, size, size, 10)).astype("float32")
    assert model.output.shape[-1] > 100 and np.isfinite(model(stack)).all()


@pytest.mark.slow
@pytest.mark.battery
@pytest.mark.parametrize("backbone", dict.fromkeys(cell[0] for cell in REAL))
def test_real_backbone_takes_flow(backbone):
    size = sample_models.size((backbone, "gated_grid", "temporal_stream"))
    model = build.build(
        backbone, "gated_grid", "temporal_stream", classes=sample_models.CLASSES, size=size, frames=7, seed=3
    )
    assert model.input["flow"].shape == (None, 2, size, size, 10)
    output = keras.ops.convert_to_numpy(model(sample_models.inputs(model, batch=1)))
    assert output.shape == (1, sample_models.CLASSES) and np.isfinite(output).all()

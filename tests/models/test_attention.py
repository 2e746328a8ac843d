"""Each attention against numbers worked out in numpy, step by step, from its equations."""

import keras
import numpy as np
import pytest

from vidattn.models import build
from vidattn.models.attention import cbam, gated, gated_grid, l2pa, multilevel, residual, se
from vidattn.models.layers import reductions, resize
from vidattn.models.parts import gating

RNG = np.random.default_rng(5)


def refined(attention, x, stage="early"):
    """The model of one in-line attention on a map like `x`, with random weights, and its output."""
    tensor = keras.Input(x.shape[1:])
    model = keras.Model(tensor, attention.refine(tensor, stage))
    for weight in model.trainable_weights:
        weight.assign(RNG.normal(size=weight.shape) * 0.3)
    return model, keras.ops.convert_to_numpy(model(x))


def value(model, path):
    return next(keras.ops.convert_to_numpy(w) for w in model.weights if w.path.endswith(path))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def channel_gate(model, x, name):
    def perceptron(v):
        hidden = np.maximum(
            v @ value(model, f"{name}_hidden/kernel") + value(model, f"{name}_hidden/bias"), 0
        )
        return hidden @ value(model, f"{name}_output/kernel") + value(model, f"{name}_output/bias")

    return perceptron


@pytest.mark.parametrize("second", ["max", "mean"])
@pytest.mark.parametrize("shape", [(1, 2, 2, 4), (1, 3, 2, 2, 4)])
@pytest.mark.parametrize("form", ["thesis", "original"])
def test_cbam_by_hand(form, shape, second):
    """Channels first, then positions of what is left; on images and on clips."""
    x = RNG.normal(size=shape).astype("float32")
    model, output = refined(cbam.attention(r=2, k=1, form=form, second=second), x)
    perceptron = channel_gate(model, x, "early_cbam")
    places = tuple(range(1, x.ndim - 1))
    gate = sigmoid(perceptron(x.mean(places)) + perceptron(x.max(places)))
    gated = x * np.expand_dims(gate, places)
    statistics = np.stack([gated.mean(-1), getattr(gated, second)(-1)], -1)
    scores = statistics @ value(model, "spatial/kernel").reshape(2, 1) + value(model, "spatial/bias")
    expected = gated * sigmoid(scores) + (x if form == "thesis" else 0)
    np.testing.assert_allclose(output, expected, atol=1e-5)


def test_cbam_mean_of_the_thesis_text_differs():
    x = RNG.normal(size=(1, 2, 2, 4)).astype("float32")
    statistics = [reductions.ChannelStatistics(kind)(x) for kind in ("max", "mean")]
    np.testing.assert_allclose(statistics[0][..., 1], x.max(-1), atol=1e-6)
    np.testing.assert_allclose(statistics[1][..., 1], x.mean(-1), atol=1e-6)


def test_se_by_hand_and_against_keras_cv(monkeypatch):
    x = RNG.normal(size=(2, 3, 3, 8)).astype("float32")
    model, output = refined(se.attention(r=4), x)
    perceptron = channel_gate(model, x, "early_se")
    expected = x * sigmoid(perceptron(x.mean((1, 2))))[:, None, None]
    np.testing.assert_allclose(output, expected, atol=1e-5)
    keras_cv = pytest.importorskip("keras_cv")
    reference = keras_cv.layers.SqueezeAndExcite2D(8, 2)
    reference(x)
    kernels = [model.get_layer(f"early_se_{part}").get_weights() for part in ("hidden", "output")]
    reference.set_weights([w if w.ndim == 1 else w[None, None] for pair in kernels for w in pair])
    np.testing.assert_allclose(output, reference(x), atol=1e-5)


@pytest.mark.parametrize("score", ["weighted", "dot"])
@pytest.mark.parametrize("form", ["thesis", "original"])
def test_l2pa_map_by_hand(score, form):
    x, g = (RNG.normal(size=s).astype("float32") for s in ((1, 2, 2, 3), (1, 5)))
    tensors = keras.Input(x.shape[1:]), keras.Input(g.shape[1:])
    model = keras.Model(tensors, l2pa.attend(*tensors, "a", score, form))
    for weight in model.weights:
        weight.assign(RNG.normal(size=weight.shape))
    projected = g @ value(model, "a_project/kernel") + value(model, "a_project/bias")
    if score == "weighted":
        scores = (x + projected[:, None, None]) @ value(model, "a_u/kernel")[:, 0]
    else:
        scores = (x * projected[:, None, None]).sum(-1)
    np.testing.assert_allclose(model([x, g]), softmax(scores.reshape(1, 4)).reshape(1, 2, 2), atol=1e-5)


def test_l2pa_original_joins_attended_vectors_and_projects_only_where_needed():
    model = build.build("tiny", "l2pa", "image", classes=3, size=32, attention_params={"form": "original"})
    names = {layer.name for layer in model.layers}
    assert model.get_layer("logits").kernel.shape == (32 + 48 + 64, 3)
    assert {"early_l2pa_project", "medium_l2pa_project"} <= names and "late_l2pa_project" not in names


def test_weighted_l2pa_does_not_see_the_global_vector():
    """The named exception of the battery: a softmax over positions removes <u, g'>."""
    x = RNG.normal(size=(1, 2, 2, 3)).astype("float32")
    tensors = keras.Input(x.shape[1:]), keras.Input((5,))
    model = keras.Model(tensors, l2pa.attend(*tensors, "b", "weighted", "thesis"))
    maps = [model([x, np.full((1, 5), c, "float32")]) for c in (-3, 4)]
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-6)


SCORES = np.array([[[[1.0, 3.0], [2.0, 6.0]]]], "float32")  # one sample, 1 x 2 positions, 2 channels
NORMALISED = {
    # shifted by the minimum 1: 0 2 1 5; sum of scores 12, of shifted scores 8; then the mean over channels
    ("pseudo_softmax", "thesis"): [[1 / 12, 3 / 12]],
    ("pseudo_softmax", "original"): [[1 / 8, 3 / 8]],
    ("sigmoid", "thesis"): [sigmoid(np.array([[1.0, 3.0], [2.0, 6.0]])).mean(-1)],
    ("uniform", "thesis"): [[1 / 4, 1 / 4]],
    ("softmax", "thesis"): [softmax(np.array([1.0, 3.0, 2.0, 6.0])).reshape(2, 2).mean(-1)],
}


@pytest.mark.parametrize(("kind", "denominator"), NORMALISED)
def test_normalisers_by_hand(kind, denominator):
    output = gating.Normalise(kind, denominator)(SCORES)
    assert output.shape == (1, 1, 2, 1)
    np.testing.assert_allclose(output[0, ..., 0], NORMALISED[kind, denominator], rtol=1e-6)


def test_thesis_denominator_can_make_a_map_negative():
    scores = np.array([[[[-4.0], [1.0], [2.0]]]], "float32")
    output = keras.ops.convert_to_numpy(gating.Normalise("pseudo_softmax", "thesis")(scores))
    np.testing.assert_allclose(output.ravel(), [0, -5, -6], rtol=1e-6)


@pytest.mark.parametrize("form", ["thesis", "original"])
def test_gate_by_hand(form):
    """psi(relu(W_l l + g')), normalised, and the mean or the sum of the weighted features."""
    x = RNG.normal(size=(1, 2, 1, 3)).astype("float32")
    signal = RNG.normal(size=(1, 1, 1, 2)).astype("float32")
    gate = gating.Gate(c_int=2, normaliser="softmax", form=form)
    tensors = keras.Input(x.shape[1:]), keras.Input(signal.shape[1:])
    model = keras.Model(tensors, gate.attend(*tensors, "early"))
    for weight in model.weights:
        weight.assign(RNG.normal(size=weight.shape))
    scores = np.maximum(x[0, :, 0] @ value(model, "local/kernel")[0, 0] + signal[0, 0, 0], 0)
    scores = scores @ value(model, "psi/kernel")[0, 0] + value(model, "psi/bias")
    weights = softmax(scores.ravel()).reshape(scores.shape).mean(-1, keepdims=True)
    vectors = x[0, :, 0] * weights
    expected = vectors.mean(0) if form == "thesis" else vectors.sum(0)
    np.testing.assert_allclose(model([x, signal])[0], expected, atol=1e-6)


def test_thesis_gates_give_the_log_of_the_mean_of_four_probabilities():
    model = build.build("tiny", "gated", "image", classes=3, size=32, attention_params={"hidden": 4})
    heads = [f"{s}_gate_logits" for s in ("early", "medium", "late", "final")]
    parts = keras.Model(model.input, [model.get_layer(name).output for name in heads])
    image = {"image": RNG.normal(size=(2, 32, 32, 3)).astype("float32")}
    mean = np.mean([softmax(keras.ops.convert_to_numpy(p)) for p in parts(image)], axis=0)
    np.testing.assert_allclose(model(image), np.log(mean), atol=1e-5)


def test_grid_is_repeated_for_multiples_and_resampled_otherwise():
    grid = np.arange(4.0, dtype="float32").reshape(1, 2, 2, 1)
    from vidattn.models.parts import blocks

    tensor = keras.Input((2, 2, 1))
    twice = keras.Model(tensor, blocks.upsample(tensor, (4, 4)))(grid)
    np.testing.assert_array_equal(twice[0, ..., 0], np.kron([[0, 1], [2, 3]], np.ones((2, 2))))
    odd = keras.Model(tensor, blocks.upsample(tensor, (5, 3)))(grid)
    assert odd.shape == (1, 5, 3, 1)
    np.testing.assert_array_equal(np.unique(odd), [0, 1, 2, 3])


def test_resize_is_linear_at_half_pixel_centres():
    line = np.array([0.0, 4.0], "float32").reshape(1, 2, 1)
    output = resize.Resize((4,), "bilinear")(line)
    np.testing.assert_allclose(output[0, :, 0], [0, 1, 3, 4])


@pytest.mark.parametrize("mask", ["mixed", "channel", "spatial"])
def test_residual_masks_by_hand(mask):
    """Without units and levels: pool, enlarge, two 1x1 convolutions, activation, (1 + M) T."""
    x = RNG.normal(size=(1, 4, 4, 4)).astype("float32")
    model, output = refined(residual.attention(t=0, r=0, shortcuts=(0, 0, 0), mask=mask), x)
    pooled = x.reshape(1, 2, 2, 2, 2, 4).max((2, 4))
    y = pooled.repeat(2, 1).repeat(2, 2)
    for number in (1, 2):
        y = y @ value(model, f"mask{number}/kernel")[0, 0] + value(model, f"mask{number}/bias")
    if mask == "channel":
        y = y / np.sqrt((y**2).sum(-1, keepdims=True))
    elif mask == "spatial":
        y = sigmoid((y - y.mean((1, 2), keepdims=True)) / np.sqrt(y.var((1, 2), keepdims=True) + 1e-7))
    else:
        y = sigmoid(y)
    np.testing.assert_allclose(output, x * (1 + y), atol=1e-4)


@pytest.mark.parametrize(
    ("unit", "count"), [("bottleneck", 17 * 16 + 28 * 4), ("inverted", 12 * 256 + 106 * 16)]
)
@pytest.mark.parametrize(("p", "t", "r", "s"), [(0, 2, 1, 2), (1, 2, 1, 0), (0, 0, 2, 1)])
def test_residual_has_2p_t_r_times_2_2s_units(unit, count, p, t, r, s):
    x = np.zeros((1, 8, 8, 16), "float32")
    model, _ = refined(residual.attention(p=p, t=t, r=r, shortcuts=(s, 0, 0), unit=unit), x)
    masks = 2 * (16 * 16 + 16)
    assert model.count_params() == masks + count * (2 * p + t + r * (2 + 2 * s))


def test_residual_original_adds_units_around_skip_units_and_norms():
    """A unit before and one after (p = 1), one in each of two skips, and two norms in the mask."""
    x = np.zeros((1, 8, 8, 16), "float32")
    sizes = [
        refined(residual.attention(shortcuts=(2, 0, 0), form=form), x)[0].count_params()
        for form in ("thesis", "original")
    ]
    assert sizes[1] - sizes[0] == 4 * (17 * 16 + 28 * 4) + 2 * 4 * 16


def test_residual_original_by_hand():
    """Pre-processing unit, mask enlarged linearly, norm and ReLU before both convolutions, unit after."""
    x = RNG.normal(size=(1, 2, 4, 4)).astype("float32")
    model, output = refined(residual.attention(t=0, r=0, shortcuts=(0, 0, 0), form="original"), x)
    units = []
    for where in ("before1", "after1"):
        tensor = keras.Input(x.shape[1:])
        units.append(keras.Model(tensor, residual.bottleneck(tensor, f"early_residual_{where}")))
        for weight in units[-1].weights:
            weight.assign(value(model, weight.path))
    entry = np.asarray(units[0](x))
    pooled = entry.reshape(1, 2, 2, 2, 4).max((1, 3))  # (1, 2, 4): two places side by side
    first, second = pooled[:, 0], pooled[:, 1]
    y = np.stack([first, 0.75 * first + 0.25 * second, 0.25 * first + 0.75 * second, second], 1)
    y = np.stack([y, y], 1)
    for number in (1, 2):
        gamma, beta = (value(model, f"mask{number}_bn/{part}") for part in ("gamma", "beta"))
        y = np.maximum(y / np.sqrt(1 + 1.001e-5) * gamma + beta, 0)
        y = y @ value(model, f"mask{number}/kernel")[0, 0] + value(model, f"mask{number}/bias")
    np.testing.assert_allclose(output, units[1](entry * (1 + sigmoid(y))), atol=1e-4)


@pytest.mark.parametrize("kind", [cbam, se, residual])
def test_start_identity_begins_as_if_it_were_not_there_and_can_be_trained(kind):
    """At weight a = 0 the map itself; at a = 1 what the block gives without the option."""
    x = RNG.normal(size=(2, 4, 4, 8)).astype("float32")
    model, _ = refined(kind.attention(start="identity"), x)
    blend = next(layer for layer in model.layers if layer.name.endswith("_blend"))
    blend.weight.assign(0.0)
    np.testing.assert_array_equal(model(x), x)
    blend.weight.assign(1.0)
    plain, _ = refined(kind.attention(), x)
    plain.set_weights([w for w, v in zip(model.get_weights(), model.weights) if v is not blend.weight])
    np.testing.assert_allclose(model(x), plain(x), atol=1e-5)
    with pytest.raises(ValueError, match="Unknown start 'zero'. Expected one of: identity, random"):
        refined(kind.attention(start="zero"), x)


def test_residual_takes_sizes_that_do_not_halve():
    for size in (5, 12, 25):
        x = RNG.normal(size=(1, size, size, 4)).astype("float32")
        assert refined(residual.attention(shortcuts=(2, 0, 0)), x)[1].shape == x.shape


def test_parallel_mask_sees_the_input_of_the_block():
    image = {"image": RNG.normal(size=(1, 64, 64, 3)).astype("float32")}
    model = build.build("mobilenet_v2", "residual", "image", classes=3, size=64)
    probe = keras.Model(
        model.input,
        [model.get_layer("block_1_project_BN").output, model.get_layer("early_residual_map").output],
    )
    entry, mask = probe(image)
    assert entry.shape == mask.shape == (1, 16, 16, 24)
    pool = next(layer for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D))
    assert pool.input is model.get_layer("block_1_project_BN").output


def test_in_line_attention_acts_on_clips_too():
    x = RNG.normal(size=(1, 3, 6, 6, 8)).astype("float32")
    for attention in (cbam.attention(), se.attention(), residual.attention()):
        assert refined(attention, x)[1].shape == x.shape


def test_residual_levels_by_hand():
    """Without units: halve, keep, halve, enlarge, add the kept, enlarge, two 1x1 convolutions, sigmoid."""
    x = RNG.normal(size=(1, 4, 4, 4)).astype("float32")
    model, output = refined(residual.attention(t=0, r=0, shortcuts=(1, 0, 0)), x)
    half = x.reshape(1, 2, 2, 2, 2, 4).max((2, 4))
    y = (half + half.max((1, 2), keepdims=True)).repeat(2, 1).repeat(2, 2)
    for number in (1, 2):
        y = y @ value(model, f"mask{number}/kernel")[0, 0] + value(model, f"mask{number}/bias")
    np.testing.assert_allclose(output, x * (1 + sigmoid(y)), atol=1e-5)


@pytest.mark.parametrize("unit", [residual.bottleneck, residual.inverted])
def test_residual_units_by_hand(unit):
    """One position: a 3x3 kernel sees its centre only. New norms have mean 0, variance 1."""
    x = RNG.normal(size=(1, 1, 1, 4)).astype("float32")
    tensor = keras.Input(x.shape[1:])
    model = keras.Model(tensor, unit(tensor, "u"))
    kernels = [w for w in model.weights if "kernel" in w.path]
    for kernel in kernels:
        kernel.assign(RNG.normal(size=kernel.shape))
    first, middle, last = (keras.ops.convert_to_numpy(k) for k in kernels)
    v = x[0, 0]
    if unit is residual.bottleneck:  # norm, ReLU, convolution, three times
        n = np.sqrt(1 + 1.001e-5)
        y = np.maximum(np.maximum(v / n, 0) @ first[0, 0] / n, 0) @ middle[1, 1]
        y = np.maximum(y / n, 0) @ last[0, 0]
    else:  # convolution, norm, ReLU6, twice; convolution, norm
        n = np.sqrt(1 + 1e-3)
        y = np.clip(np.clip(v @ first[0, 0] / n, 0, 6) * middle[1, 1, :, 0] / n, 0, 6) @ last[0, 0] / n
    np.testing.assert_allclose(model(x)[0, 0], v + y, atol=1e-4)


def readers(attention, sizes=(2, 1, 1, 1), width=3):
    """The model of a reading attention on four maps of these sides, with random weights, and its answer."""
    names = ("early", "medium", "late", "final")
    maps = {n: RNG.normal(size=(1, s, s, width)).astype("float32") for n, s in zip(names, sizes)}
    tensors = {n: keras.Input(m.shape[1:], name=n) for n, m in maps.items()}
    model = keras.Model(tensors, attention.readout(tensors))
    for weight in model.weights:
        weight.assign(RNG.normal(size=weight.shape))
    return model, maps, keras.ops.convert_to_numpy(model(maps))


def test_l2pa_thesis_reads_the_maps_alone():
    """Three joined maps through one dense layer; those of one position are 1 whatever is there."""
    model, maps, output = readers(l2pa.attention(hidden=4))
    g = maps["final"].mean((1, 2))
    g = g @ value(model, "early_l2pa_project/kernel") + value(model, "early_l2pa_project/bias")
    scores = (maps["early"] + g) @ value(model, "early_l2pa_u/kernel")[:, 0]
    joined = np.concatenate([softmax(scores.ravel()), [1, 1]])
    expected = joined @ value(model, "hidden/kernel") + value(model, "hidden/bias")
    np.testing.assert_allclose(output[0], np.maximum(expected, 0), atol=1e-5)


def test_l2pa_original_sums_features_under_the_maps():
    model, maps, output = readers(l2pa.attention(score="dot", form="original"))
    g = maps["final"].mean((1, 2))[0]  # as wide as the maps: not projected
    weights = softmax((maps["early"][0] @ g).ravel())
    attended = (maps["early"][0].reshape(4, 3) * weights[:, None]).sum(0)
    expected = np.concatenate([attended, maps["medium"][0, 0, 0], maps["late"][0, 0, 0]])
    np.testing.assert_allclose(output[0], expected, atol=1e-5)
    assert not model.weights


@pytest.mark.parametrize("grid", [False, True])
def test_gating_signal_by_hand(grid):
    """`gated` meets every position with the mean of the last map, `gated_grid` with the part above it."""
    kind = gated_grid if grid else gated
    options = {"upsampling": "nearest"} if grid else {}
    attention = kind.attention(c_int=2, normaliser="sigmoid", form="original", **options)
    model, maps, output = readers(attention, sizes=(4, 2, 2, 2))
    final = maps["final"] if grid else maps["final"].mean((1, 2), keepdims=True)
    kernel = value(model, "early_gate_global/kernel").reshape(3, 2)
    signal = final @ kernel + value(model, "early_gate_global/bias")
    signal = signal.repeat(2, 1).repeat(2, 2) if grid else signal
    scores = np.maximum(maps["early"] @ value(model, "early_gate_local/kernel")[0, 0] + signal, 0)
    psi = scores @ value(model, "early_gate_psi/kernel")[0, 0] + value(model, "early_gate_psi/bias")
    np.testing.assert_allclose(output[0, :3], (maps["early"] * sigmoid(psi)).sum((1, 2))[0], atol=1e-4)
    np.testing.assert_allclose(output[0, 9:], maps["final"].mean((1, 2))[0], atol=1e-6)


@pytest.mark.parametrize("form", ["thesis", "original"])
def test_denominator_and_pooling_of_a_gate_are_chosen_apart(form):
    """Each may follow the other form; the sum over four positions is four times their mean."""
    other = {"thesis": "original", "original": "thesis"}[form]
    x, signal = (RNG.normal(size=s).astype("float32") for s in ((1, 2, 2, 3), (1, 1, 1, 2)))
    tensors = keras.Input(x.shape[1:]), keras.Input(signal.shape[1:])
    outputs = []
    for changes in ({}, {"pooling": other}):
        gate = gating.Gate(2, 4, form=form, normaliser="sigmoid", **changes)
        model = keras.Model(tensors, gate.attend(*tensors, "early"))
        model.set_weights([np.full(w.shape, 0.3) for w in model.weights])
        outputs.append(keras.ops.convert_to_numpy(model([x, signal])))
    factor = 4 if form == "thesis" else 1 / 4
    np.testing.assert_allclose(outputs[1], factor * outputs[0], rtol=1e-5)
    ranges = [gating.Gate(2, 4, form=form, denominator=d)._range(2) for d in (None, other)]
    assert [r.get("total") for r in ranges] == ([None, 0.5] if form == "thesis" else [0.5, None])


def test_grid_of_the_paper_is_interpolated_that_of_the_thesis_repeated():
    """The last map has two columns, early four: 0 4 becomes 0 1 3 4 at half-pixel centres, or 0 0 4 4."""
    grid = keras.Input((1, 2, 1))
    x = keras.Input((1, 4, 3))
    for upsampling, expected in (("bilinear", [0, 1, 3, 4]), ("nearest", [0, 0, 4, 4])):
        model = keras.Model([x, grid], gated_grid.signal(x, grid, "a", 1, upsampling))
        model.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
        signal = model([np.zeros((1, 1, 4, 3)), np.array([0.0, 4.0]).reshape(1, 1, 2, 1)])
        np.testing.assert_allclose(np.ravel(signal), expected)


def test_multilevel_joins_the_means_of_four_maps():
    model, maps, output = readers(multilevel.attention(), sizes=(3, 2, 2, 1))
    np.testing.assert_allclose(
        output[0], np.concatenate([m.mean((1, 2))[0] for m in maps.values()]), atol=1e-6
    )
    assert not model.weights


@pytest.mark.parametrize("kind", [gated, gated_grid])
def test_uniform_gates_sum_every_map_to_its_mean(kind):
    """The control: whatever the weights, "original" gives the mean of each map."""
    _, maps, output = readers(kind.attention(2, normaliser="uniform", form="original"), sizes=(4, 2, 2, 2))
    np.testing.assert_allclose(
        output[0], np.concatenate([m.mean((1, 2))[0] for m in maps.values()]), atol=1e-6
    )


def test_l2pa_independent_averages_three_classifiers():
    options = {"form": "original", "combine": "independent"}
    model = build.build("tiny", "l2pa", "image", classes=3, size=32, attention_params=options)
    heads = [model.get_layer(f"{s}_l2pa_logits") for s in ("early", "medium", "late")]
    assert [head.kernel.shape for head in heads] == [(32, 3), (48, 3), (64, 3)]
    image = {"image": RNG.normal(size=(2, 32, 32, 3)).astype("float32")}
    parts = keras.Model(model.input, [head.output for head in heads])(image)
    mean = np.mean([softmax(keras.ops.convert_to_numpy(p)) for p in parts], axis=0)
    np.testing.assert_allclose(model(image), np.log(mean), atol=1e-5)
    with pytest.raises(ValueError, match="combine: independent needs attended vectors: use form: original"):
        l2pa.attention(combine="independent")

"""Clip classifiers against numbers worked out by hand: fusion, recurrence, windows, inflation."""

import keras
import numpy as np
import pytest

from vidattn.models import build
from vidattn.models.architectures import r2plus1d
from vidattn.models.graph import inspection
from vidattn.models.layers import clips, inflated, masking, self_attention
from vidattn.models.layers import core as layers
from vidattn.models.parts import temporal, transformer

RNG = np.random.default_rng(3)


def tiny(architecture, frames=7, size=32, classes=3, attention="none", **options):
    return build.build("tiny", attention, architecture, classes=classes, size=size, frames=frames, **options)


def heads(architecture, width=4, frames=5, classes=3, **params):
    return tiny(architecture, frames, classes=classes, from_features=width, architecture_params=params)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def run(model, **streams):
    return keras.ops.convert_to_numpy(model(streams))


def test_frame_average_is_the_log_of_the_mean_probability():
    model = tiny("frame_average", frames=3)
    rgb = RNG.uniform(-1, 1, (2, 3, 32, 32, 3)).astype("float32")
    frames = model.get_layer("rgb_encoder")(rgb.reshape(6, 32, 32, 3))["output"]
    mean = softmax(keras.ops.convert_to_numpy(frames).reshape(2, 3, 3)).mean(1)
    np.testing.assert_allclose(run(model, rgb=rgb), np.log(mean), atol=1e-5)


@pytest.mark.parametrize(("fusion", "shares"), [("average", (1, 1)), ("weighted", (1, 3)), ("time", (7, 2))])
def test_two_stream_fusion_by_hand(fusion, shares):
    """7 frames give 2 stacks of 5: the average over all steps weighs the streams 7 to 2."""
    weight = {"flow_weight": 3} if fusion == "weighted" else {}
    model = tiny("two_stream", architecture_params={"fusion": fusion, **weight})
    clips_ = {n: RNG.uniform(-1, 1, (1, *t.shape[1:])).astype("float32") for n, t in model.input.items()}
    means = []
    for name in ("rgb", "flow"):
        scores = model.get_layer(f"{name}_encoder")(clips_[name][0])["output"]
        means.append(softmax(keras.ops.convert_to_numpy(scores)).mean(0))
    expected = np.log(np.average(means, axis=0, weights=shares))
    np.testing.assert_allclose(run(model, **clips_)[0], expected, atol=1e-5)


@pytest.mark.parametrize("fusion", ["weighted", "svm"])
def test_a_fusion_that_is_fitted_on_trained_streams_is_no_network(fusion):
    with pytest.raises(ValueError, match=f"'{fusion}'.* run it as a cell"):
        tiny("two_stream", architecture_params={"fusion": fusion})


def test_streams_trained_alone_are_assembled_by_their_weights():
    rgb, flow, both = tiny("frame_average", seed=1), tiny("temporal_stream", seed=2), tiny("two_stream")
    for name, alone in (("rgb_encoder", rgb), ("flow_encoder", flow)):
        both.get_layer(name).set_weights(alone.get_layer(name).get_weights())
    streams = {n: RNG.uniform(-1, 1, (1, *t.shape[1:])).astype("float32") for n, t in both.input.items()}
    alone = [np.exp(run(rgb, rgb=streams["rgb"])), np.exp(run(flow, flow=streams["flow"]))]
    np.testing.assert_allclose(run(both, **streams), np.log(np.mean(alone, axis=0)), atol=1e-5)


def test_time_attention_is_a_softmax_over_time_for_each_feature():
    x = RNG.normal(size=(1, 3, 2)).astype("float32")
    tensor = keras.Input((3, 2))
    model = keras.Model(tensor, temporal.time_attention(tensor))
    kernel, bias = RNG.normal(size=(3, 3)), RNG.normal(size=3)
    model.get_layer("time_attention").set_weights([kernel, bias])
    weights = softmax(x[0].T @ kernel + bias).T  # (T, D)
    np.testing.assert_allclose(model(x)[0], x[0] * weights, atol=1e-6)
    assert model.count_params() == 3 * 3 + 3


def test_order_of_attention_and_lstm_is_that_of_the_variants():
    after, before = heads("lstm_attention", units=4), heads("attention_lstm", units=4)
    assert inspection.maps(after).output["time_map"].shape == (None, 5, 8)  # on the states
    assert inspection.maps(before).output["time_map"].shape == (None, 5, 4)  # on the features


def test_last_readout_of_a_sequence_is_the_last_output():
    sequence, last = heads("lstm_attention", readout="last"), heads("lstm")
    x = RNG.normal(size=(2, 5, 4)).astype("float32")
    sequence.get_layer("bilstm").set_weights(last.get_layer("bilstm").get_weights())
    states = keras.Model(sequence.input, sequence.get_layer("bilstm").output)({"features": x})
    expected = keras.Model(last.input, last.get_layer("bilstm").output)({"features": x})
    np.testing.assert_allclose(masking.LastStep()(states), expected, atol=1e-5)


def test_controls_of_the_icip_tables():
    with_attention, without = heads("lstm_attention"), heads("lstm_sequence")
    assert with_attention.count_params() - without.count_params() == 5 * 5 + 5
    assert heads("lstm_uniform").count_params() == without.count_params()
    assert heads("uniform_lstm").count_params() == heads("lstm").count_params()
    assert heads("mean_linear").count_params() == 4 * 3 + 3


def test_uniform_control_is_the_lstm_of_scaled_features():
    plain, uniform = heads("lstm", units=3), heads("uniform_lstm", units=3)
    uniform.set_weights(plain.get_weights())
    x = RNG.normal(size=(2, 5, 4)).astype("float32")
    np.testing.assert_allclose(run(uniform, features=x), run(plain, features=x / 5), atol=1e-6)


def test_uniform_control_after_the_lstm_scales_its_states():
    """Its ReLUs see states / 5; without biases, five times what it says is what the unscaled one says."""
    plain, uniform = heads("lstm_sequence", units=3), heads("lstm_uniform", units=3)
    weights = [w * (w.ndim > 1) for w in plain.get_weights()]
    plain.set_weights(weights)
    uniform.set_weights(weights)
    x = RNG.normal(size=(2, 5, 4)).astype("float32")
    np.testing.assert_allclose(run(uniform, features=x) * 5, run(plain, features=x), atol=1e-5)


def test_legacy_gate_is_the_hard_sigmoid_of_keras_2():
    x = np.array([-3, -2.5, -1, 0, 1, 2.5, 3], "float32")
    np.testing.assert_allclose(layers.legacy_sigmoid(x), [0, 0, 0.3, 0.5, 0.7, 1, 1], atol=1e-6)
    for gates, expected in (("legacy", layers.legacy_sigmoid), ("modern", keras.activations.sigmoid)):
        assert temporal.lstm(2, False, gates).cell.recurrent_activation is expected


def test_time_mean_weighs_later_frames_more():
    x = np.array([[[1.0], [2.0], [6.0]]], "float32")
    np.testing.assert_allclose(clips.TimeMean(False)(x), [[3.0]])
    np.testing.assert_allclose(clips.TimeMean(True)(x), [[(1 + 4 + 18) / 6]], rtol=1e-6)


def test_windows_stack_frames_as_channels():
    x = np.arange(2 * 5 * 1 * 1 * 2, dtype="float32").reshape(2, 5, 1, 1, 2)
    output = clips.Windows(3, 2)(x)
    assert output.shape == (2, 2, 1, 1, 6)
    np.testing.assert_array_equal(output[0, :, 0, 0], [[0, 1, 2, 3, 4, 5], [4, 5, 6, 7, 8, 9]])


def test_window_pool_of_ten_frames_every_five():
    tensor = keras.Input((20, 1))
    model = keras.Model(tensor, temporal.window_pool(tensor, 10, 5))
    np.testing.assert_array_equal(model(np.arange(20.0).reshape(1, 20, 1)).numpy().ravel(), [9, 14, 19])


def test_slow_fusion_of_ten_frames_joins_four_then_two_then_one():
    model = tiny("slow_fusion", frames=10)
    assert model.get_layer("stack").output.shape[1] == 4
    assert [model.get_layer(f"join{n}").output.shape[1] for n in (1, 2)] == [2, 1]


def test_multiresolution_sees_centre_and_half():
    model = tiny("multiresolution", frames=2, size=64)
    rgb = np.zeros((1, 2, 64, 64, 3), "float32")
    rgb[:, :, 16:48, 16:48] = 1
    fovea, context = (model.get_layer(name)(rgb) for name in ("fovea", "context"))
    assert fovea.shape == context.shape == (1, 2, 32, 32, 3)
    assert np.asarray(fovea).min() == 1
    np.testing.assert_allclose(np.asarray(context).mean(), 0.25, atol=1e-6)


def test_conv3d_has_the_published_count():
    for classes, count in ((101, 297_999), (99, 297_741)):
        model = build.build("none", "none", "conv3d", classes=classes, size=64, frames=7, flow_length=1)
        assert model.count_params() == count
    assert model.get_layer("full").kernel.shape == (78 * 7 * 4, 128)


def test_hardwired_streams_by_hand():
    ramp = np.tile(np.arange(4.0, dtype="float32")[None, None, None, :, None], (1, 1, 3, 1, 3))
    np.testing.assert_allclose(clips.Hardwired("grey")(ramp)[0, 0, 0, :, 0], [0, 1, 2, 3], atol=1e-5)
    np.testing.assert_allclose(
        clips.Hardwired("gradient_x")(ramp)[0, 0, 1, :, 0], [0.5, 1, 1, 0.5], atol=1e-5
    )
    np.testing.assert_allclose(clips.Hardwired("gradient_y")(ramp)[0, 0, 1, :, 0], [0, 0, 0, 0], atol=1e-5)


@pytest.mark.slow
def test_c3d_has_the_published_count(blank):
    model = build.build("none", "none", "c3d", classes=101, size=112, frames=16)
    assert model.count_params() == 78_409_573


@pytest.mark.parametrize(("inputs", "filters", "between"), [(64, 64, 144), (64, 128, 230), (128, 128, 288)])
def test_factorised_kernels_match_the_weights_of_a_3d_kernel(inputs, filters, between):
    """Section 3.5: M = t d^2 N N' / (d^2 N + t N'), rounded down."""
    assert r2plus1d.matched(inputs, filters) == between
    weights = between * 9 * inputs + 3 * between * filters
    assert weights <= 27 * inputs * filters < weights + 9 * inputs + 3 * filters


@pytest.mark.parametrize(("depth", "count"), [(18, 33_396_999), (34, 63_747_463)])
@pytest.mark.slow
def test_r2plus1d_counts_stay(blank, depth, count):
    model = build.build(
        "none", "none", "r2plus1d", classes=400, size=112, frames=8, architecture_params={"depth": depth}
    )
    assert model.count_params() == count


@pytest.mark.parametrize(
    "backbone", ["tiny", "mobilenet_v2", "vgg16", pytest.param("xception", marks=pytest.mark.battery)]
)
def test_inflated_network_answers_a_static_clip_as_the_2d_network_does(backbone):
    size = 96 if backbone == "xception" else 32
    image = RNG.uniform(-1, 1, (1, size, size, 3)).astype("float32")
    flat = build.features(backbone, size=size, seed=4)
    solid = build.build(backbone, "none", "i3d", classes=3, size=size, frames=4, seed=4)
    pooled = keras.Model(solid.input, solid.get_layer("logits").input)
    clip = np.repeat(image[:, None], 4, axis=1)
    expected = keras.ops.convert_to_numpy(flat(image))
    np.testing.assert_allclose(pooled({"rgb": clip}), expected, rtol=1e-3, atol=1e-5 * abs(expected).max())


def test_inflated_network_sees_motion():
    solid = tiny("i3d", frames=4)
    clip = RNG.uniform(-1, 1, (1, 4, 32, 32, 3)).astype("float32")
    order = [2, 0, 3, 1]
    assert not np.allclose(run(solid, rgb=clip), run(solid, rgb=clip[:, order]), atol=1e-6)


def test_inflated_convolution_by_hand():
    """One pixel, one channel, 3 taps of weight 1/3, 2/3, 3/3: the ends are repeated."""
    layer = inflated.Inflated(keras.layers.Conv2D(1, 1, use_bias=False), 3, 4)
    layer.build((None, 1, 1, 1))
    layer.set_weights([np.full((1, 1, 1, 1), (n + 1) / 3) for n in range(3)])
    frames = np.array([1.0, 2.0, 4.0, 8.0], "float32").reshape(4, 1, 1, 1)
    expected = [(1 + 2 + 6) / 3, (1 + 4 + 12) / 3, (2 + 8 + 24) / 3, (4 + 16 + 24) / 3]
    np.testing.assert_allclose(np.asarray(layer(frames)).ravel(), expected, rtol=1e-6)


def test_transformer_weights_are_a_scaled_softmax():
    query, key = (RNG.normal(size=(1, 3, 4)).astype("float32") for _ in range(2))
    output = self_attention.AttentionWeights(2)([query, key])
    expected = softmax(query[0, :, :2] @ key[0, :, :2].T / np.sqrt(2))
    np.testing.assert_allclose(output[0, 0], expected, atol=1e-6)


def test_transformer_mixes_values_by_the_weights_of_each_head():
    weights = np.array([[[[1, 0], [0.5, 0.5]], [[0, 1], [0.25, 0.75]]]], "float32")  # 2 heads, 2 steps
    value = np.array([[[2.0, 4, 8, 16], [6, 8, 0, 32]]], "float32")  # first two numbers to head 1
    expected = [[2, 4, 0, 32], [4, 6, 2, 28]]
    np.testing.assert_allclose(self_attention.AttentionMix()([weights, value])[0], expected)


def test_the_query_of_a_probe_gathers_tokens_by_hand():
    """One head: softmax of the query against normalised tokens; the dense half gets query + sum."""
    x = RNG.normal(size=(2, 3, 4)).astype("float32")
    tensor = keras.Input(x.shape[1:])
    model = keras.Model(tensor, transformer.pool(tensor, 1, 5, 0.0, "p"))
    for weight in model.weights:
        weight.assign(RNG.normal(size=weight.shape) * 0.5)
    w = {weight.path.removeprefix("p_"): keras.ops.convert_to_numpy(weight) for weight in model.weights}

    def dense(name, v):
        return v @ w[f"{name}/kernel"] + w[f"{name}/bias"]

    def norm(name, v):
        centred = v - v.mean(-1, keepdims=True)
        return centred / np.sqrt(v.var(-1, keepdims=True) + 1e-3) * w[f"{name}/gamma"] + w[f"{name}/beta"]

    query, tokens = w["token/token"], norm("norm1", x)
    weights = softmax(dense("query", query) @ dense("key", tokens).transpose(0, 2, 1) / 2)
    y = query + dense("out", weights @ dense("value", tokens))
    hidden = dense("hidden", norm("norm2", y))
    gelu = keras.ops.convert_to_numpy(keras.ops.gelu(hidden, approximate=False))
    np.testing.assert_allclose(model(x), y + dense("mlp", gelu), atol=1e-4)


def test_attentive_probe_sees_positions_or_frames_and_no_order():
    """Tokens of two frames of a 2x2 map are eight, of frames two; a set of tokens has no first and last."""
    rgb = RNG.uniform(-1, 1, (1, 7, 64, 64, 3)).astype("float32")
    for tokens, count in (("positions", 7 * 4), ("frames", 7)):
        params = {"tokens": tokens, "width": 8, "heads": 2, "hidden": 8, "depth": 2}
        model = build.build(
            "tiny", "none", "attentive_probe", classes=3, size=64, frames=7, architecture_params=params
        )
        assert model.get_layer("probe_map").output.shape == (None, 2, 1, count)
        assert model.get_layer("block1_map").output.shape == (None, 2, count, count)
        np.testing.assert_allclose(run(model, rgb=rgb[:, ::-1]), run(model, rgb=rgb), atol=1e-5)


def test_early_fusion_sees_all_frames_and_late_fusion_the_first_and_the_last():
    rgb = RNG.uniform(-1, 1, (1, 7, 32, 32, 3)).astype("float32")
    early, late = tiny("early_fusion"), tiny("late_fusion")
    stacked = rgb[0].transpose(1, 2, 0, 3).reshape(1, 32, 32, 21)
    expected = early.get_layer("rgb_encoder")(stacked)["output"]
    np.testing.assert_allclose(run(early, rgb=rgb), expected, atol=1e-5)
    changed = rgb.copy()
    changed[:, 1:-1] = 0
    np.testing.assert_array_equal(run(late, rgb=changed), run(late, rgb=rgb))
    changed[:, -1] = 0
    assert not np.array_equal(run(late, rgb=changed), run(late, rgb=rgb))


@pytest.mark.parametrize("architecture", ["late_pooling", "slow_pooling", "local_pooling"])
def test_pooling_of_features_by_hand(architecture):
    """Where the dense layers, the maximum over windows and the one over time come."""
    params = {"dense": 4} if architecture == "late_pooling" else {"dense": 4, "window": 2, "stride": 2}
    model = heads(architecture, **params)
    x = RNG.normal(size=(1, 5, 4)).astype("float32")

    def dense(name, v):
        layer = model.get_layer(name)
        y = v @ np.asarray(layer.kernel) + np.asarray(layer.bias)
        return y if name == "logits" else np.maximum(y, 0)

    if architecture == "late_pooling":
        expected = dense("logits", dense("dense2", dense("dense1", x[0])).max(0))
    else:
        windows = np.stack([x[0, 0:2].max(0), x[0, 2:4].max(0)])
        if architecture == "slow_pooling":
            expected = dense("logits", dense("dense", dense("window_dense", windows).max(0)))
        else:
            expected = dense("logits", dense("window_dense2", dense("window_dense1", windows)).ravel())
    np.testing.assert_allclose(run(model, features=x)[0], expected, atol=1e-5)


def test_own_body_and_frame_encoder_are_told_apart():
    with pytest.raises(ValueError, match="has its own body and takes no frame encoder"):
        tiny("c3d")
    with pytest.raises(ValueError, match="needs a frame encoder"):
        build.build("none", "none", "lstm", classes=3, size=32, frames=4)
    with pytest.raises(ValueError, match="odd number of frames"):
        tiny("i3d", architecture_params={"taps": 2})
    with pytest.raises(ValueError, match="too few maps to attend to"):
        build.build("none", "cbam", "conv3d", classes=3, size=64, frames=7, flow_length=1)

"""Parameters and FLOPs against the published counts; every number exact."""

from functools import cache

import keras
import pytest

from vidattn.bench.cost import complexity
from vidattn.models import build
from vidattn.models.graph import flops as cost

pytestmark = pytest.mark.usefixtures("blank")
# Tables 5.1 and 5.2 of the thesis: parameters, FLOPs, and the integer arithmetic among them.
PUBLISHED = {
    ("resnet50_v2", "none"): (23_769_700, 6_988_783_832, 0),
    ("resnet50_v2", "l2pa"): (28_395_620, 6_999_088_113, 0),
    ("resnet50_v2", "gated"): (28_581_136, 7_052_632_493, 0),
    ("resnet50_v2", "gated_grid"): (28_581_136, 7_090_390_451, 6),
    ("resnet50_v2", "residual"): (33_274_980, 12_879_604_452, 12),
    ("resnet50_v2", "cbam"): (23_943_933, 7_000_117_000, 0),
    ("mobilenet_v2", "none"): (2_386_084, 612_982_808, 0),
    ("mobilenet_v2", "l2pa"): (3_784_420, 615_937_969, 0),
    ("mobilenet_v2", "gated"): (3_126_928, 620_158_221, 0),
    ("mobilenet_v2", "gated_grid"): (3_126_928, 631_959_315, 6),
    ("mobilenet_v2", "residual"): (2_629_044, 687_043_220, 12),
    ("mobilenet_v2", "cbam"): (2_387_870, 614_629_354, 0),
}


def prototype(backbone, attention, **options):
    return build.build(backbone, attention, "image", classes=100, size=224, **options)


@cache
def published(cell):
    """What is measured of a cell of the tables."""
    return complexity.measure(prototype(*cell))


# The profiler takes most of the time. Of these one has integers, one the operations of the fact sheet; it is
# asked of the others in the battery.
PROFILED = [("mobilenet_v2", "gated_grid"), ("mobilenet_v2", "cbam")]


@pytest.mark.slow
@pytest.mark.parametrize("cell", PUBLISHED, ids="-".join)
def test_published_parameters_and_flops_are_exact(cell):
    parameters, flops, integers = PUBLISHED[cell]
    profiled = cell in PROFILED
    measured = published(cell) if profiled else complexity.measure(prototype(*cell), profile=False)
    assert measured["parameters"] == parameters
    assert measured["flops_analytic"] == flops - integers
    if profiled:
        assert (measured["flops"], measured["flops_source"]) == (flops, "profiler")


@pytest.mark.slow
@pytest.mark.battery
@pytest.mark.parametrize("cell", [cell for cell in PUBLISHED if cell not in PROFILED], ids="-".join)
def test_the_profiler_counts_what_is_published_of_the_others(cell):
    measured = published(cell)
    assert (measured["flops"], measured["flops_source"]) == (PUBLISHED[cell][1], "profiler")


# The ICIP heads over stored features, T = 7, 101 classes: width D, then variants A, B, C.
HEADS = {
    "vgg16 and vgg19, flat": (25_088, 52_221_029, 53_793_949, 52_221_085),
    "inception_v3, flat": (51_200, 105_698_405, 107_271_325, 105_698_461),
    "resnet50 and xception, flat": (100_352, 206_361_701, 207_934_621, 206_361_757),
    "vgg, pooled": (512, 1_889_381, 3_462_301, 1_889_437),
    "the others, pooled": (2_048, 5_035_109, 6_608_029, 5_035_165),
}
VARIANTS = ("lstm", "lstm_attention", "attention_lstm")


def head(architecture, width, classes=101, frames=7, **options):
    shape = {"classes": classes, "size": 32, "frames": frames, "from_features": width, **options}
    return build.build("tiny", "none", architecture, **shape)


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", HEADS)
def test_icip_head_counts(name, variant):
    width, *counts = HEADS[name]
    assert head(variant, width).count_params() == counts[VARIANTS.index(variant)]


def test_icip_heads_of_99_classes_have_1026_weights_less():
    assert head("lstm", 512, 101).count_params() - head("lstm", 512, 99).count_params() == 1_026


LARGE = ("inception_resnet_v2", "inception_v3", "resnet50", "vgg16", "vgg19", "xception")  # seconds each


@pytest.mark.slow
@pytest.mark.parametrize(
    "backbone",
    ["tiny", "efficientnet_b0", *(pytest.param(name, marks=pytest.mark.battery) for name in LARGE)],
)
def test_the_analytic_count_is_the_profilers_on_every_other_backbone(backbone):
    """Those of the tables are counted both ways above."""
    measured = complexity.measure(build.build(backbone, "none", "image", classes=10, size=96))
    assert measured["flops_source"] == "profiler"
    assert measured["flops_analytic"] == measured["flops"]


def test_legacy_gates_cost_four_operations_an_element():
    modern, legacy = (
        complexity.measure(head("lstm", 6, architecture_params={"units": 2, "gates": gates}), profile=False)
        for gates in ("modern", "legacy")
    )
    assert legacy["flops"] - modern["flops"] == 4 * 3 * 2 * 2 * 7  # gates, units, directions, steps


def test_bilinear_enlarging_costs_the_documented_twelve_less():
    options = {"attention_params": {"upsampling": "bilinear"}}
    assert complexity.measure(prototype("mobilenet_v2", "residual", **options))["flops"] == 687_043_220 - 12


def test_the_labelled_gate_of_the_thesis_gives_other_counts():
    options = {"attention_params": {"c_int": 32, "hidden": 1024}}
    measured = complexity.measure(prototype("resnet50_v2", "gated", **options), profile=False)
    assert (measured["parameters"], measured["flops"]) == (26_172_496, 7_018_953_101)


def test_operations_by_type_are_those_of_the_fact_sheet():
    ops = published(("mobilenet_v2", "cbam"))["ops"]
    assert ops["Conv2D"] == 558_362_448
    assert ops["DepthwiseConv2dNative"] == 41_432_832
    assert (ops["Max"], ops["Mean"], ops["Softmax"]) == (234_068, 301_056, 500)


def test_unrolled_recurrence_is_profiled():
    measured = complexity.measure(head("lstm", 4, classes=3, frames=2))
    assert measured["flops_source"] == "profiler"
    assert measured["ops"]["MatMul"] == 2 * 2 * 2 * (4 + 256) * 1024 + 2 * 512 * (512 + 3)
    assert measured["flops"] == pytest.approx(measured["flops_analytic"], rel=0.02)


def test_recurrence_in_a_loop_is_counted_analytically():
    measured = complexity.measure(head("lstm", 4, classes=3, frames=2, mask=True))
    gates = 2 * (4 + 256) * 1024 + 2 * 1024 + 4 * 3 * 256  # products, biases, hard sigmoids of three gates
    lstm = 2 * 2 * (gates + 4 * 256)  # ways, steps, (gates, cell)
    assert measured["flops_source"] == "analytic"
    assert measured["ops"]["Bidirectional"] == lstm
    assert measured["ops"]["Dense"] == (2 * 512 + 1) * 512 + (2 * 512 + 1) * 3


def test_attention_over_others_by_hand():
    """4 queries of 6 over 5 values of 7: 2 heads, keys of 3, values of 2, 6 out."""
    layer = keras.layers.MultiHeadAttention(2, 3, value_dim=2)
    query, value = keras.Input((4, 6)), keras.Input((5, 7))
    model = keras.Model([query, value], layer(query, value))
    projections = 2 * (4 * 6 * 6 + 5 * 7 * 6 + 5 * 7 * 4 + 4 * 4 * 6)
    biases = 4 * 6 + 5 * 6 + 5 * 4 + 4 * 6
    scores = 4 * 6 + 4 * 5 * (2 * 6 + 2 * 4 + 5 * 2)  # scaled query, products, sums, softmax of 2 heads
    assert cost.cost(model).total == projections + biases + scores


def test_operators_in_a_graph_are_counted():
    x = keras.Input((5, 8))
    both = keras.ops.softmax(keras.ops.matmul(x, keras.ops.transpose(x, (0, 2, 1))) / 2.0)
    model = keras.Model(x, [both, x * x])
    assert cost.cost(model).total == 2 * 8 * 25 + 25 + 5 * 25 + 40


def test_a_layer_with_weights_and_without_a_rule_is_not_free():
    x = keras.Input((5, 8))
    with pytest.raises(NotImplementedError, match="what a GRU costs.*flops"):
        cost.cost(keras.Model(x, keras.layers.GRU(3)(x)))


def test_frames_multiply_the_encoder():
    one, clip = (
        complexity.measure(build.build("tiny", "cbam", name, classes=3, size=32, frames=5))["ops"]
        for name in ("image", "frame_average")
    )
    assert clip["Conv2D"] == 5 * one["Conv2D"]


@pytest.mark.parametrize(
    "attention",
    ["cbam", "se", *(pytest.param(name, marks=pytest.mark.battery) for name in ("gated", "residual"))],
)
def test_analytic_count_equals_the_profile_of_clips(attention):
    model = build.build("tiny", attention, "two_stream", classes=3, size=32, frames=7)
    measured = complexity.measure(model)
    assert measured["flops_source"] == "profiler"
    assert 0 <= measured["flops"] - measured["flops_analytic"] <= 100


def test_record_is_the_same_bytes_twice(tmp_path):
    spec = {"backbone": "tiny", "attention": "se", "architecture": "image", "classes": 3, "size": 32}
    texts = []
    for name in ("first.json", "second.json"):
        complexity.write(spec, tmp_path / name)
        texts.append((tmp_path / name).read_bytes())
    assert texts[0] == texts[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["first.json", "second.json"]


def test_memory_estimate_by_hand():
    assert complexity.memory(parameters=2**18, trainable=2**17, activations=2**18, batch=3) == 5.0

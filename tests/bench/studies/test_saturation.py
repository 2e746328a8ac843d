"""Gates against Keras' own LSTM and by hand; the experiment at a toy size; what its table and costs say."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import synthetic

from vidattn.bench.analysis import comparisons
from vidattn.bench.config import load as params_module
from vidattn.bench.report.figures import saturation as saturation_figure
from vidattn.bench.report.tables import icip_cost
from vidattn.bench.report.tables import saturation as saturation_table
from vidattn.bench.results.reader import Results
from vidattn.bench.studies import lstm_gate_saturation

ROOT = Path(__file__).resolve().parents[3]
SMALL = lstm_gate_saturation.Case("as published, VGG", 40, 100.0, units=2, batch=4, last=2)


@pytest.fixture(scope="module")
def params():
    return params_module.load(ROOT / "params.yaml")


def test_what_goes_into_the_gates_by_hand():
    """One unit, one feature: kernel 1 for every gate, no recurrence, bias 0."""
    weights = [np.ones((1, 4)), np.zeros((1, 4)), np.zeros(4)]
    z = lstm_gate_saturation.before_gates(weights, np.array([[[3.0], [-5.0]]]))
    np.testing.assert_array_equal(z[:, :, 0, 0], [[3, 3, 3], [-5, -5, -5]])


def test_the_recurrence_is_that_of_the_head(params):
    """Gates of step 2 see h of step 1: 0.5 * tanh(0.5 * tanh(1)) through hard sigmoids at 0."""
    weights = [np.array([[0.0, 0, 1, 0]]), np.array([[1.0, 0, 0, 0]]), np.zeros(4)]
    z = lstm_gate_saturation.before_gates(weights, np.ones((1, 2, 1)))
    assert z[1, 0, 0, 0] == pytest.approx(0.5 * np.tanh(0.5 * np.tanh(1)))


def test_logistic_gates_are_those_of_keras():
    """One unit: h of step 1 is s tanh(s tanh(1)), s = 1 / (1 + exp(-1)); a large input does not overflow."""
    weights = [np.array([[1.0, 1, 1, 1]]), np.array([[1.0, 0, 0, 0]]), np.zeros(4)]
    z = lstm_gate_saturation.before_gates(weights, np.ones((1, 2, 1)), hard=False)
    s = 1 / (1 + np.exp(-1))
    assert z[1, 0, 0, 0] == pytest.approx(1 + s * np.tanh(s * np.tanh(1)))
    assert np.isfinite(lstm_gate_saturation.before_gates(weights, np.full((1, 2, 1), -1e5), hard=False)).all()


def test_a_case_has_the_settings_of_its_protocol(params):
    def case(cell):
        run = SimpleNamespace(cell=cell)
        plan = SimpleNamespace(run=run, protocol=params.protocols[cell.protocol])
        return lstm_gate_saturation.case_of("any", plan, SimpleNamespace(frames=6, features=5))

    cases = {change: case(cell) for change, cell in lstm_gate_saturation.REAL.items()}
    assert set(cases) <= set(saturation_table.TRAINED)
    changed = {
        "pooled": {},  # the width alone, which comes from the features
        "learning rate 1e-5": {"learning_rate": 1e-5},
        "input times 1/T": {"scale": 1 / 6, "protocol": "icip_narrow"},
        "batch 16": {"batch": 16},
        "logistic gates": {},
        "epsilon under the root": {},
    }
    for change, values in changed.items():
        as_published = replace(cases["as published"], protocol=cases[change].protocol)
        assert cases[change] == replace(as_published, **values), change
    assert params.protocols["icip_narrow_gates"].head["gates"] == "modern"
    assert params.protocols["icip_narrow_epsilon"].optimizer["name"] == "rmsprop"


@pytest.mark.parametrize("protocol", ["icip_narrow", "icip_narrow_gates", "icip_narrow_epsilon"])
def test_a_case_is_followed_with_its_gates_and_its_optimiser(params, protocol, monkeypatch):
    """Which model is followed is what counts: its gates, its optimiser, and gates looked at as they are."""
    seen = {}
    looked_at = lstm_gate_saturation.gates

    def spy(model, x, hard):
        layer = model.get_layer("bilstm").forward_layer
        cell = getattr(layer, "cell", layer)
        seen.update(
            gate=cell.recurrent_activation.__name__, optimizer=type(model.optimizer).__name__, hard=hard
        )
        return looked_at(model, x, hard)

    monkeypatch.setattr(lstm_gate_saturation, "gates", spy)
    case = replace(SMALL, protocol=protocol)
    rows = lstm_gate_saturation.follow(
        case, lstm_gate_saturation.synthetic(case), params, lambda line: None, 7, 101
    )
    assert len(rows) == SMALL.last + 1
    hard = protocol != "icip_narrow_gates"
    assert seen["hard"] == hard and seen["gate"] == ("legacy_sigmoid" if hard else "sigmoid")
    assert (seen["optimizer"] == "LegacyRMSprop") == (protocol != "icip_narrow_epsilon")


def test_made_up_cases_stand_before_real_ones_and_mobilenet_before_xception(tmp_path):
    (tmp_path / "saturation").mkdir()
    row = {"width": 5, "units": 2, "batch": 4, "learning_rate": 0.001, "norm": 1, "scale": 1.0, "frames": 7}
    row |= {"step": 0, "l1": 1.0, "beyond_2_5": 0.0, "beyond_4": 0.0, "z_mean": 0.0, "loss": 4.0, "n": 4}
    for name in ("real", "xception", "synthetic"):
        frame = pd.DataFrame([{"features": name, "change": "any", **row, "device": "cpu", "versions": ""}])
        frame.to_csv(tmp_path / "saturation" / f"{name}.csv", index=False)
    assert Results(tmp_path, []).saturation["features"].tolist() == ["synthetic", "real", "xception"]


def test_made_up_features_have_the_norm_asked_for():
    x, labels = next(lstm_gate_saturation.synthetic(replace(SMALL, width=5000)))
    assert x.shape == (4, 7, 5000)
    assert x.min() == 0
    assert np.abs(x).sum(-1).mean() == pytest.approx(100, rel=0.02)
    again, _ = next(lstm_gate_saturation.synthetic(replace(SMALL, width=5000)))
    np.testing.assert_array_equal(x, again)
    assert labels.shape == (4,)


def test_wide_features_saturate_and_a_small_rate_does_not(params, tmp_path):
    """A step of 3.2 lr times an L1 norm of 2,000 is 6.4, beyond 2.5; with lr / 100 it is not."""
    rows = []
    for rate, change in ((0.001, "as published, VGG"), (1e-5, "learning rate 1e-5")):
        case = replace(SMALL, norm=2000.0, learning_rate=rate, change=change, width=8000)
        rows += lstm_gate_saturation.follow(
            case, lstm_gate_saturation.synthetic(case), params, lambda line: None, 7, 101
        )
    frame = pd.DataFrame(rows)
    assert frame["step"].tolist() == [0, 1, 2] * 2
    assert frame["beyond_2_5"][1] > 0.5
    assert frame["beyond_2_5"][[0, 3, 4]].max() < 0.05
    (tmp_path / "saturation").mkdir()
    lstm_gate_saturation._save(rows, "synthetic", tmp_path / "saturation" / "synthetic.csv")
    results = Results(tmp_path, [])
    table = saturation_table.table(results, {})
    assert table["change"].tolist() == ["as published, VGG", "learning rate 1e-5"]
    assert table["beyond_4_step1"].iloc[0] == pytest.approx(rows[1]["beyond_4"], rel=1e-5)
    assert set(saturation_figure.draw(results)) == {"saturation"}


def test_expected_shares_stand_beside_made_up_features_only(tmp_path):
    row = {"change": "as published, VGG", "width": 25088, "units": 256, "batch": 16, "learning_rate": 0.001}
    row |= {"norm": False, "scale": 1.0, "frames": 7, "device": "cpu", "versions": ""}
    row |= {"step": 1, "l1": 9200.0, "beyond_2_5": 0.9, "beyond_4": 0.8, "z_mean": 9.0, "loss": 4.0, "n": 16}
    (tmp_path / "saturation").mkdir()
    frame = pd.DataFrame([{"features": name, **row} for name in ("synthetic", "ucf101_12")])
    frame.to_csv(tmp_path / "saturation" / "any.csv", index=False)
    table = saturation_table.table(Results(tmp_path, []), {})
    assert table["beyond_4_step1_expected"].tolist()[0] == 0.79
    assert np.isnan(table["beyond_4_step1_expected"].tolist()[1])


def test_top1_stands_beside_the_change_that_was_trained(tmp_path):
    row = {"features": "ucf101_12", "units": 64, "batch": 16, "learning_rate": 0.001, "width": 5, "step": 1}
    row |= {"norm": False, "scale": 1.0, "frames": 7, "device": "cpu", "versions": ""}
    row |= {"l1": 9.0, "beyond_2_5": 0.9, "beyond_4": 0.8, "z_mean": 9.0, "loss": 4.0, "n": 16}
    changes = ("as published", "input times 1/T", "batch 16", "as published, Xception")
    steps = (row, {**row, "step": 10, "beyond_4": 0.85})
    frame = pd.DataFrame([{**step, "change": change} for change in changes for step in steps])
    trained = {"lstm-icip_narrow": (0.5,) * 3, "uniform_lstm-icip_narrow": (0.75,) * 3}
    trained = {f"ucf101_12-mobilenet_v2-none-{name}": values for name, values in trained.items()}
    trained["ucf101_12-xception-none-lstm-icip_narrow_16"] = (0.05,) * 3
    root = synthetic.write(tmp_path, trained)
    shutil.copytree(ROOT / "results" / "published", root / "published", dirs_exist_ok=True)
    (root / "saturation").mkdir()
    frame.to_csv(root / "saturation" / "real.csv", index=False)
    results = Results(root, list(trained))
    table = saturation_table.table(results, {}).set_index("change")
    ours = comparisons.cells(results).set_index(["backbone", "architecture"]).sort_index()
    names = [("mobilenet_v2", "lstm"), ("mobilenet_v2", "uniform_lstm"), ("xception", "lstm")]
    known = table.drop("batch 16")
    assert known["top1"].tolist() == [ours["top1"][name] for name in names]
    assert known["n_test"].tolist() == [ours["n"][name] for name in names]
    assert np.isnan(table["top1"]["batch 16"])  # not run on MobileNetV2
    (line,) = saturation_table.sentences(results, comparisons.cells(results))
    assert line.startswith("Gates beyond 4 after 10 updates, and top-1 once trained: as published 85 %, ")
    assert "; input times 1/T 85 %, " in line and "batch 16" not in line
    lowest = f"{ours['top1']['xception', 'lstm']:.3f} (as published, Xception)."
    published = "The published LSTM without attention reaches 0.255 on resnet50 and 0.256 on xception, of 101"
    assert line.endswith(f"{published} classes; here, of 6 classes, the lowest is {lowest}")
    results = Results(root, list(trained)[:2])
    (line,) = saturation_table.sentences(results, comparisons.cells(results))
    assert line.endswith(f"the lowest is {ours['top1']['mobilenet_v2', 'lstm']:.3f} (as published).")
    assert saturation_table.sentences(results, comparisons.cells(results).assign(dataset="actors")) == []


def test_costs_are_steps_times_rate_and_say_what_they_assume(tmp_path):
    shared = {"n": 2, "device": "cpu", "versions": "", "size": 224, "batch": 16, "width": 100352}
    rows = [
        {"what": kind, "backbone": backbone, "architecture": "lstm", "cpu_seconds": 2.0, **shared}
        for kind, names in (("step", ("vgg16", "inception_v3", "resnet50")), ("frame", icip_cost.BACKBONES))
        for backbone in names
    ]
    (tmp_path / "rates").mkdir()
    pd.DataFrame(rows).to_csv(tmp_path / "rates" / "icip.csv", index=False)
    table = icip_cost.table(Results(tmp_path, []), {}).set_index(["dataset", "backbone"])
    xception = table.loc[("ucf101", "xception")]
    assert xception["steps"] == 60 * 582
    assert xception["cpu_hours_a_run"] == pytest.approx(60 * 582 * 2 / 3600)
    assert xception["feature_gb"] == pytest.approx(20.79, abs=0.01)
    assert table.loc[("sports1m99", "xception"), "steps"] == 60 * 801
    assert table.loc[("sports1m99", "xception"), "cpu_hours"] == pytest.approx(5 * 60 * 801 * 2 / 3600)
    sampled = 18_319 * 103_600 / 13_320
    assert table.loc[("sports1m99", "vgg19"), "encode_cpu_hours"] == pytest.approx(sampled * 2 / 3600)
    assert (table.loc["ucf101", "assumed"] == "").all() and (table.loc["sports1m99", "assumed"] != "").all()
    assert table["gpu_hours"].isna().all()
    assert icip_cost.table(Results(tmp_path / "none", []), {}).empty

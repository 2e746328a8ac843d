"""params.yaml: every key checked, every mistake one clear line."""

import dataclasses
import re
from pathlib import Path

import pytest
from settings import load
from settings import raw as committed

from vidattn.bench.config import schema
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.load import load as load_params
from vidattn.bench.plan.suites import cells, runs
from vidattn.data.batches import augment
from vidattn.data.extract import flow

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def raw() -> dict:
    return committed()


def test_committed_params_load():
    loaded = load_params(ROOT / "params.yaml")
    assert loaded.protocols["clean"].kind == "clean"
    assert loaded.protocols["clean"].defects == []
    assert loaded.protocols["paper"].defects


def test_misspelt_key_names_the_nearest(raw, tmp_path):
    raw["protocols"]["clean"]["epohcs"] = raw["protocols"]["clean"].pop("epochs")
    with pytest.raises(ParamsError, match=r"protocols.clean: unknown key 'epohcs'. Did you mean 'epochs'"):
        load(raw, tmp_path)


def test_missing_key_is_named(raw, tmp_path):
    del raw["protocols"]["clean"]["batch"]
    with pytest.raises(ParamsError, match="protocols.clean: missing key batch"):
        load(raw, tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", "twenty"),
        ("epochs", True),
        ("shuffle", 1),
        ("kind", "fair"),
        ("flow", "sideways"),
        ("optimizer", []),
    ],
)
def test_wrong_values_raise(raw, tmp_path, key, value):
    raw["protocols"]["clean"][key] = value
    with pytest.raises(ParamsError, match="protocols.clean"):
        load(raw, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": "large"}, r"clean.size: expected pixels or native, got 'large'"),
        ({"size": 1.5}, "clean.size: expected pixels or native, got 1.5"),
        (
            {"weights": "imagnet"},
            r"clean.weights: unknown weights 'imagnet'. Did you mean 'imagenet'.*a folder",
        ),
        ({"epochs": 0}, "clean.epochs: expected 1 or more, got 0"),
        ({"batch": -1}, "clean.batch: expected 1 or more, got -1"),
        ({"size": 0}, "clean.size: expected pixels or native, got 0"),
        ({"head": {"unit": 64}}, "clean.head: unknown key 'unit'. Did you mean 'units'"),
        ({"head": {"encoder": 1}}, "unknown key 'encoder'"),
        (
            {"head": {"fusion": "mean"}},
            "unknown fusion 'mean'.*Expected one of: average, svm, time, weighted",
        ),
        ({"head": {"fusion": "weighted", "flow_weight": 0}}, "flow_weight .* above 0, .*got 0"),
        ({"head": {"fusion": "time", "flow_weight": 2}}, "flow_weight goes with fusion: weighted"),
        ({"sampling": "window"}, "clean.seconds: goes with sampling: window, .*; got None and window"),
        ({"seconds": 4.0}, "clean.seconds: goes with sampling: window, .*; got 4.0 and uniform"),
        ({"sampling": "window", "seconds": 0}, "clean.seconds"),
        ({"frames": 0}, "clean.frames: 0 needs sampling: per_second, got uniform"),
        ({"train_frames": 2}, "clean.train_frames: expected null for all frames, or 1, got 2"),
        ({"train_frames": True}, "clean.train_frames: expected null for all frames, or 1, got True"),
        ({"train_frames": 1, "encoder": "frozen"}, "train_frames: 1 needs encoder: trained"),
        ({"freeze": "trunk"}, "clean.freeze: trunk would keep random weights. Expected weights: imagenet or"),
        ({"freeze": "norms", "encoder": "frozen"}, "clean.freeze: norms needs encoder: trained, got frozen"),
        ({"freeze": "trunk", "normalise": True}, "freeze: trunk needs normalise: false, got True"),
        ({"freeze": "head"}, "clean.freeze: unknown freeze 'head'.* Expected one of: "),
        ({"augment": {"rotate": 5}}, "clean.augment: .*Did you mean 'rotation'"),
        ({"augment": {"zoom": 0.8}}, r"clean.augment.zoom: expected \[least, largest\], .* got 0.8"),
        ({"augment": {"zoom": [1.0, 0.8]}}, "augment.zoom: expected"),
        ({"augment": {"zoom": [0.8, "1"]}}, "augment.zoom: expected"),
        ({"augment": {"rotation": -5}}, "clean.augment.rotation: expected a number from 0, got -5"),
        ({"augment": {"shear": [0, 5]}}, "clean.augment.shear: expected a number from 0"),
        ({"augment": {"channel_shift": None}}, "augment.channel_shift: expected a number from 0, got None"),
        ({"augment": {"flip": 1}}, "clean.augment.flip: expected true or false, got 1"),
        (
            {"optimizer": {"name": "adamm", "learning_rate": 1}},
            "optimizer.name: unknown name 'adamm'. Did you mean 'adam'",
        ),
        (
            {"optimizer": {"name": "sgd", "learning_rate": 1, "momentun": 0.9}},
            "clean.optimizer: unknown key 'momentun'. Did you mean 'momentum'",
        ),
        ({"optimizer": {"name": "sgd", "learning_rate": float("nan")}}, "above 0 .* got nan"),
        ({"optimizer": {"name": "sgd", "learning_rate": -1}}, "learning_rate: .* above 0 .* got -1"),
        ({"optimizer": {"name": "sgd", "learning_rate": [0.1, 0]}}, r"above 0 .* got \[0.1, 0\]"),
        ({"optimizer": {"name": "sgd", "learning_rate": float("inf")}}, "above 0 .* got inf"),
        ({"optimizer": {"name": "sgd", "learning_rate": "1e-3"}}, "above 0 .* got '1e-3'"),
        ({"optimizer": {"name": "sgd"}}, "clean.optimizer: missing key learning_rate"),
        ({"optimizer": {"learning_rate": 1}}, "clean.optimizer: missing key name"),
        ({"optimizer": {"name": "sgd", "learning_rate": 1, "rho": 0.9}}, "unknown key 'rho'"),
        (
            {"optimizer": {"name": "sgd", "learning_rate": 1, "momentum": 1.5}},
            "momentum: .* less than 1, got 1.5",
        ),
        (
            {"optimizer": {"name": "sgd", "learning_rate": []}},
            "learning_rate: expected a rate above 0 or a list",
        ),
        ({"optimizer": {"name": "sgd", "learning_rate": [1, 2]}, "select": "last"}, "a list of rates needs"),
        (
            {"patience": 2, "validation": "none"},
            "patience needs validation: groups or clips, and select: best, got none",
        ),
        ({"validation": "clip"}, "validation: unknown validation 'clip'. Did you mean 'clips'"),
        ({"validation": "clips"}, "clean.validation: clips needs split: random, got official"),
    ],
)
def test_what_cannot_be_chosen_raises(raw, tmp_path, changes, message):
    raw["protocols"]["clean"] |= changes
    with pytest.raises(ParamsError, match=message):
        load(raw, tmp_path)


def test_one_rate_or_several(raw, tmp_path):
    raw["protocols"]["clean"]["optimizer"] = {"name": "sgd", "learning_rate": [0.1, 0.2]}
    made = load(raw, tmp_path).protocols
    assert (made["clean"].rates, made["paper"].rates) == ([0.1, 0.2], [0.003])


def test_frames_to_train_on_may_be_left_out_and_then_leave_no_trace(raw, tmp_path):
    raw["protocols"]["paper"]["train_frames"] = None
    raw["protocols"]["thesis_clean"]["train_frames"] = 1
    made = load(raw, tmp_path).protocols
    assert [made[name].train_frames for name in ("clean", "paper", "thesis_clean")] == [None, None, 1]
    assert made["clean"].settings() == raw["protocols"]["clean"]
    assert made["thesis_clean"].settings() == raw["protocols"]["thesis_clean"]


def test_unknown_name_in_a_grid(raw, tmp_path):
    raw["suites"]["demo"][0]["attention"] = ["cmab"]
    with pytest.raises(ParamsError, match="unknown attention 'cmab'. Did you mean 'cbam'"):
        load(raw, tmp_path)


@pytest.mark.parametrize(
    ("axis", "section", "name", "file"),
    [
        ("attention", "attention", "cbam", "models/attention/cbam.py"),
        ("backbone", "backbones", "tiny", "models/backbones/tiny.py"),
        ("architecture", "architectures", "lstm", "models/architectures/lstm.py"),
        ("dataset", "datasets", "hmdb51", "data/datasets/hmdb51.py"),
    ],
)
def test_a_plug_in_whose_file_is_there_is_to_be_registered(raw, tmp_path, axis, section, name, file):
    """As after the first of the two steps that add an attention module."""
    del raw[section][name]
    raw["suites"]["demo"][0][axis] = [name]
    message = f"{file} exists: add `{name}: {{}}` under `{section}` in params.yaml"
    with pytest.raises(ParamsError, match=re.escape(message)) as error:
        load(raw, tmp_path)
    assert "Did you mean" not in str(error.value)


def test_an_unknown_table_names_the_nearest(raw, tmp_path):
    raw["tables"] = ["grdi"]
    with pytest.raises(ParamsError, match="tables: unknown table 'grdi'. Did you mean 'grid'"):
        load(raw, tmp_path)


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        ("compare", {"leekage": []}, "compare: unknown key 'leekage'. Did you mean 'leakage'"),
        (
            "compare",
            {"leakage": ["paper", "claen"]},
            "compare: unknown protocol 'claen'. Did you mean 'clean'",
        ),
        (
            "compare",
            {"controls": ["multilevl"]},
            "controls: unknown attention 'multilevl'. Did you mean 'multi",
        ),
        ("compare", {"sheets": ["actors-tiny-cbma-lstm-clean"]}, "unknown attention 'cbma'"),
        (
            "architectures",
            {"lstm": {"unitz": 3}},
            "architectures.lstm: unknown key 'unitz'. Did you mean 'units'",
        ),
        ("backbones", {"tiny": {"shape": 3}}, "backbones.tiny: unknown key 'shape'"),
    ],
)
def test_misspelt_names_are_found_everywhere(raw, tmp_path, section, changes, message):
    raw[section] |= changes
    with pytest.raises(ParamsError, match=message):
        load(raw, tmp_path)


def test_misspelt_keys_of_complexity(raw, tmp_path):
    raw["complexity"][0]["sizee"] = 3
    with pytest.raises(ParamsError, match="complexity: unknown key 'sizee'. Did you mean 'size'"):
        load(raw, tmp_path)


@pytest.mark.parametrize("names", ["tiny", None, {"tiny": {}}])
def test_a_name_in_complexity_is_not_read_letter_by_letter(raw, tmp_path, names):
    raw["complexity"][0]["backbone"] = names
    with pytest.raises(ParamsError, match="complexity.backbone: expected a list of names, or all, got"):
        load(raw, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"controll": "x"}, "contrasts: unknown key 'controll'. Did you mean 'control'"),
        ({"nme": "flow"}, "contrasts: unknown key 'nme'. Did you mean 'name'"),
        ({"name": None}, "contrasts: missing key name"),
        ({"classes": "appearence"}, "contrasts: unknown classes 'appearence'. Did you mean 'appearance'"),
        ({"control": "actors-tiny-none-lstn-clean"}, "unknown architecture 'lstn'"),
    ],
)
def test_contrasts_are_checked_before_anything_runs(raw, tmp_path, changes, message):
    row = raw["compare"]["contrasts"][0] | changes
    raw["compare"]["contrasts"][0] = {key: value for key, value in row.items() if value is not None}
    with pytest.raises(ParamsError, match=message):
        load(raw, tmp_path)


@pytest.mark.parametrize(
    ("section", "value", "message"),
    [
        (
            "settings",
            None,
            "compare.settings: expected a mapping, got None",
        ),
        ("contrasts", None, "compare.contrasts: expected a list, got None"),
        ("explained", "icip_clean", "compare.explained: expected a list, got 'icip_clean'"),
        ("leakage", ["icip_leaky"], r"expected two protocols, \[first, second\], got \['icip_leaky'\]"),
        ("protocols", ["paper", "clean"], r"expected two protocols, .* got 'paper'"),
        ("protocol", [], "compare: unknown key 'protocol'. Did you mean 'protocols'"),
    ],
)
def test_sections_of_compare_hold_what_is_read_from_them(raw, tmp_path, section, value, message):
    raw["compare"][section] = value
    with pytest.raises(ParamsError, match=message):
        load(raw, tmp_path)


@pytest.mark.parametrize("section", ["settings", "contrasts", "leakage", "families"])
def test_any_section_of_compare_may_be_left_out(raw, tmp_path, section):
    del raw["compare"][section]
    if section == "families":
        raw["compare"]["contrasts"] = []
    assert section not in load(raw, tmp_path).compare


def test_a_contrast_may_be_of_all_classes(raw, tmp_path):
    raw["compare"]["contrasts"][0]["classes"] = "all"
    del raw["compare"]["contrasts"][1]["classes"]
    load(raw, tmp_path)
    raw["compare"]["contrasts"] = ["actors-tiny-none-lstm-clean"]
    with pytest.raises(ParamsError, match="contrasts: expected a mapping, got 'actors"):
        load(raw, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings": {"warp": 2}}, "consecutive.settings: unknown key 'warp'. Did you mean 'warps'"),
        ({"method": "dis", "settings": {"warps": 2}}, "settings: unknown key 'warps'. Expected.* preset"),
        ({"method": "dis", "settings": {"preset": "slow"}}, "settings.preset: unknown preset 'slow'"),
        ({"settings": {"container": "png"}}, "settings.container: unknown container 'png'"),
        ({"settings": {"warps": 2.5}}, "settings.warps: expected a whole number, got 2.5"),
        ({"settings": {"epsilon": "1e-2"}}, "settings.epsilon: expected a number above 0, got '1e-2'"),
    ],
)
def test_settings_of_flow_are_those_of_its_method(raw, tmp_path, changes, message):
    raw["flows"]["consecutive"] |= changes
    with pytest.raises(ParamsError, match=message):
        load(raw, tmp_path)


def test_settings_of_flow_are_those_that_it_takes():
    plain = set(flow.settings_of("farneback")) - {"container"}
    types = {"tvl1": schema.TVL1Settings, "dis": schema.DISSettings, "farneback": schema.FarnebackSettings}
    assert set(types) == set(flow.METHODS)
    for method, settings in types.items():
        assert set(flow.settings_of(method)) - plain == set(settings.__annotations__)


def test_augmentation_is_what_batches_take():
    fields = {field.name for field in dataclasses.fields(augment.Settings)}
    assert set(schema.Augment.__annotations__) == fields


def test_a_plug_in_takes_a_mapping(raw, tmp_path):
    raw["attention"]["cbam"] = None
    with pytest.raises(ParamsError, match="attention.cbam: expected a mapping, got None"):
        load(raw, tmp_path)


def test_folds_count_from_one(raw, tmp_path):
    raw["suites"]["demo"][0]["folds"] = [0]
    with pytest.raises(ParamsError, match="demo.folds: expected 1 or more, got 0"):
        load(raw, tmp_path)


@pytest.mark.parametrize(("dataset", "last"), [("actors", 3), ("cifar100", 1)])
def test_official_folds_are_those_of_the_data_set(raw, tmp_path, dataset, last):
    grid = raw["suites"]["demo"][0] | {"dataset": [dataset], "protocol": ["icip_leaky", "clean"]}
    raw["suites"]["demo"] = [grid | {"folds": list(range(1, last + 1))}]
    load(raw, tmp_path)
    raw["suites"]["demo"] = [grid | {"folds": [1, 9]}]
    message = (
        rf"suites.demo.folds: {dataset} has no official fold 9.*Expected 1 to {last}, as protocol 'clean'"
    )
    with pytest.raises(ParamsError, match=message):
        load(raw, tmp_path)


def test_a_random_split_can_be_drawn_any_number_of_times(raw, tmp_path):
    raw["protocols"]["paper"]["split"] = "random"
    raw["suites"]["demo"] = [raw["suites"]["demo"][0] | {"protocol": ["paper"], "folds": [1, 9]}]
    load(raw, tmp_path)


def test_unknown_suite(tmp_path):
    with pytest.raises(ParamsError, match="unknown suite 'dmeo'. Did you mean 'demo'"):
        load_params(ROOT / "params.yaml", suite="dmeo")


def test_no_file_says_where_to_run(tmp_path):
    with pytest.raises(ParamsError, match="root folder"):
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("value", [None, [], {"dataset": []}])
def test_a_suite_is_a_list_of_grids(raw, tmp_path, value):
    raw["suites"]["demo"] = value
    with pytest.raises(ParamsError, match="suites.demo: expected a list"):
        load(raw, tmp_path)


def test_a_missing_comma_is_located(tmp_path):
    (tmp_path / "params.yaml").write_text("protocols:\n  clean: {\n    frames: 8 mask: false\n  }\n")
    with pytest.raises(ParamsError, match="line 3, column 19: .*, in what starts on line 2"):
        load_params(tmp_path / "params.yaml")


def test_ids_round_trip():
    loaded = load_params(ROOT / "params.yaml")
    cell = Cell("actors", "tiny", "cbam", "lstm", "clean")
    assert cell.id == "actors-tiny-cbam-lstm-clean"
    assert Cell.parse(cell.id, loaded) == cell
    assert Run(cell, 2, 0).id == "actors-tiny-cbam-lstm-clean-2-0"
    assert Run(cell, 2, 0).path("records", ".json").as_posix() == f"results/records/{cell.id}/2-0.json"


@pytest.mark.parametrize(
    "text", ["actors", "actors-tiny-cmab-lstm-clean", "a-b-c-d-e-f", "../x-tiny-cbam-lstm-clean"]
)
def test_bad_ids_raise(text):
    with pytest.raises(ParamsError, match="expected|Expected|unknown"):
        Cell.parse(text, load_params(ROOT / "params.yaml"))


def test_runs_are_cells_times_folds_times_seeds(raw, tmp_path):
    grid = {**raw["suites"]["demo"][0], "attention": ["none", "cbam"], "architecture": ["lstm"]}
    raw["suites"]["demo"] = [
        {**grid, "folds": [1, 2], "seeds": [0, 1, 2]},
        {**grid, "folds": [1], "seeds": [0]},
    ]
    loaded = load(raw, tmp_path)
    assert len(list(runs(loaded, "demo"))) == 2 * 2 * 3
    assert len(cells(loaded, "demo")) == 2


def test_validation_clips_choose_as_validation_groups_do(raw, tmp_path):
    raw["protocols"]["clean"] |= {"validation": "clips", "split": "random", "patience": 2, "select": "best"}
    assert load(raw, tmp_path).protocols["clean"].validation == "clips"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stack": "trajectry"}, "unknown stack 'trajectry'. Did you mean 'trajectory'"),
        ({"stack": "bidirectional"}, "flows.consecutive: stack: bidirectional needs definition: both"),
        ({"stack": "bidirectional", "definition": "both"}, "and an even length"),  # the length is 3
        ({"stack": "trajectory", "definition": "anchored"}, "not anchored"),
    ],
)
def test_stacks_that_cannot_be_made(raw, tmp_path, changes, message):
    raw["flows"]["consecutive"] |= changes
    with pytest.raises(ParamsError, match=message):
        load(raw, tmp_path)


def test_stacks_are_consecutive_unless_params_say_otherwise(raw, tmp_path):
    raw["flows"]["thesis"] |= {"stack": "trajectory"}
    raw["flows"]["pairs"] |= {"stack": "bidirectional", "definition": "both", "length": 2}
    made = load(raw, tmp_path).flows
    assert [made[name].stack for name in ("consecutive", "thesis", "pairs")] == [
        "consecutive",
        "trajectory",
        "bidirectional",
    ]

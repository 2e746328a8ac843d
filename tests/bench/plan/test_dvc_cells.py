"""cells.json: the cells of the active suite, resolved from params.yaml; those of another are an error."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from vidattn.bench.config import load as params_module
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.plan import dvc_cells, run_key
from vidattn.bench.plan.suites import cells

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def params():
    return params_module.load(ROOT / "params.yaml", suite="demo")


def test_cells_json_is_up_to_date():
    """If this fails: vidattn grid --select <the suite in params.yaml>."""
    assert (ROOT / "cells.json").read_text() == dvc_cells.text(params_module.load(ROOT / "params.yaml"))


def test_a_file_that_is_no_text_any_more_is_not_what_params_say(params, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dvc_cells.PATH.write_bytes(dvc_cells.text(params).encode() + b"\xe9")
    with pytest.raises(ParamsError, match="cells.json is not what params.yaml says"):
        dvc_cells.check(params)


def test_every_cell_of_every_suite_is_trained_or_fused_once(params):
    for suite in params.suites:
        grid = dvc_cells.grid(replace(params, suite=suite))
        assert sorted([*grid["train"], *grid["fuse"]]) == sorted(cells(params, suite))


def test_an_entry_holds_what_the_key_digests(params):
    """DVC and the store cannot disagree on a cell's settings."""
    for cell_id, entry in dvc_cells.grid(params)["train"].items():
        cell = cells(params)[cell_id][0].cell
        assert run_key.digests.digest([entry["settings"]]) == run_key.settings_digest(cell, params)
        assert entry == json.loads(json.dumps(entry))


def test_a_change_of_flow_changes_entries_of_cells_that_read_flow_alone(params):
    flows = {name: replace(flow, bound=9.0) for name, flow in params.flows.items()}
    before, after = (dvc_cells.grid(p)["train"] for p in (params, replace(params, flows=flows)))
    changed = {cell for cell in before if before[cell] != after[cell]}
    assert changed == {cell for cell in before if "temporal_stream" in cell}


def test_a_setting_of_one_protocol_changes_its_cells_alone(params):
    protocols = {**params.protocols, "clean": replace(params.protocols["clean"], epochs=3)}
    before, after = (dvc_cells.grid(p)["train"] for p in (params, replace(params, protocols=protocols)))
    assert {c for c in before if before[c] != after[c]} == {c for c in before if c.endswith("-clean")}


def test_cells_of_other_settings_are_an_error_that_says_what_to_run(params, tmp_path, monkeypatch):
    """Edited by hand, or by `dvc exp run -S suite=ci`: DVC would go on with the cells of before."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParamsError, match="cells.json is not what .*vidattn grid --select demo"):
        dvc_cells.check(params)
    Path("cells.json").write_text(dvc_cells.text(params))
    dvc_cells.check(params)
    with pytest.raises(ParamsError, match="suite is 'ci'.*vidattn grid --select ci"):
        dvc_cells.check(replace(params, suite="ci"))


def test_cells_follow_settings_where_the_stages_stay_the_same(params, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dvc_cells.PATH.write_text(dvc_cells.text(params))
    longer = {**params.protocols, "clean": replace(params.protocols["clean"], epochs=3)}
    dvc_cells.follow(replace(params, protocols=longer))
    dvc_cells.check(replace(params, protocols=longer))
    smaller = {**params.protocols, "clean": replace(params.protocols["clean"], frames=4)}
    for other in (replace(params, suite="ci"), replace(params, protocols=smaller)):
        with pytest.raises(ParamsError, match="cells.json is not what params.yaml says"):
            dvc_cells.follow(other)
    dvc_cells.PATH.write_bytes(b'{"grid": {"train": [\xe9')
    with pytest.raises(ParamsError, match="cells.json is not what params.yaml says"):
        dvc_cells.follow(params)


def test_native_sizes_follow_the_backbone_and_are_all_prepared():
    loaded = params_module.load(ROOT / "params.yaml", suite="icip_full")
    made = dvc_cells.grid(loaded)
    asked = {(s["sampling"], s["size"]) for s in made["frames"]["ucf101"]}
    assert asked == {("per_second", 224), ("uniform", 224), ("uniform", 299), ("uniform", 60)}
    sizes = {(s["backbone"], s["size"]) for s in made["encoders"]["ucf101"] if s["sampling"] == "uniform"}
    assert {("vgg16", 224), ("inception_v3", 299), ("xception", 299), ("resnet50", 224)} <= sizes
    assert [s["size"] for s in made["encoders"]["ucf101"] if s["pool"] == "flat"] == [224] * 5


def test_no_two_stages_write_one_folder():
    """`dvc` refuses that; one stage extracts the features of all backbones of a data set."""
    made = dvc_cells.grid(params_module.load(ROOT / "params.yaml", suite="icip_full"))
    assert set(made["encoders"]) == {"ucf101", "sports1m99"}


def test_select_changes_the_switch_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = (ROOT / "params.yaml").read_text()
    Path("params.yaml").write_text(before)
    dvc_cells.select(Path("params.yaml"), "ci")
    after = Path("params.yaml").read_text()
    assert re.sub(r"(?m)^suite: \w+", "suite: X", after) == re.sub(r"(?m)^suite: \w+", "suite: X", before)
    assert params_module.load(Path("params.yaml")).suite == "ci"
    assert Path("cells.json").read_text() == dvc_cells.text(params_module.load(Path("params.yaml")))

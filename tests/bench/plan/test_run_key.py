"""Keys that see every edit of what a run is made by, and nothing else."""

from dataclasses import replace
from pathlib import Path

import plans
import pytest

from vidattn.bench.config import load as params_module
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.plan import run_key

ROOT = Path(__file__).resolve().parents[3]
CELL = Cell("actors", "tiny", "cbam", "lstm", "clean")
FUSED = CELL.with_(architecture="two_stream")


@pytest.fixture(scope="module")
def params():
    return params_module.load(ROOT / "params.yaml")


@pytest.mark.parametrize("name", ["frame_average", "temporal_stream"])
def test_a_fusion_is_made_again_when_a_stream_changes(params, name):
    """Its scores are those of both streams, so their files and settings are part of its key."""
    assert ROOT / "models" / "architectures" / f"{name}.py" in run_key.code_files(FUSED, params)
    changed = {**params.architectures, name: {**params.architectures[name], "dense": 12345}}
    after = replace(params, architectures=changed)
    assert run_key.settings_digest(FUSED, params) != run_key.settings_digest(FUSED, after)
    assert run_key.settings_digest(CELL, params) == run_key.settings_digest(CELL, after)


def test_the_code_of_a_cell_is_whole_packages_and_its_own_plug_ins(params):
    names = {path.relative_to(ROOT).as_posix() for path in run_key.code_files(CELL, params)}
    assert {path for path in names if path.startswith("models/attention/")} == {
        "models/attention/__init__.py",
        "models/attention/cbam.py",
    }
    for package in (
        "bench/train",
        "data/batches",
        "data/shards",
        "models/graph",
        "models/layers",
        "models/parts",
    ):
        assert {path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*.py")} <= names
    assert not any(path.startswith(("bench/runner/", "bench/plan/")) for path in names)


def test_files_of_one_name_in_two_folders_are_told_apart(params):
    """By base names a swap of models/layers/core.py and another core.py would be the same code."""
    first, second = ROOT / "models" / "parts" / "__init__.py", ROOT / "models" / "layers" / "__init__.py"
    assert run_key.code_of([first]) != run_key.code_of([second])


def test_an_argument_that_the_architecture_does_not_take_is_no_part_of_the_key(params):
    protocol = params.protocols["clean"]

    def digest(**head):
        other = replace(protocol, head={**protocol.head, **head})
        return run_key.settings_digest(CELL, replace(params, protocols={"clean": other}))

    assert digest() == digest(flow_weight=2.0) != digest(units=99)


def test_seeds_follow_from_the_ids(params):
    """The order of a fold's clips is the same for every cell; every run has weights of its own."""
    one, other = (
        plans.without_data(Run(cell, 1, 0), params) for cell in (CELL, CELL.with_(attention="none"))
    )
    assert one.order_seed == other.order_seed and one.initial_seed != other.initial_seed
    assert plans.without_data(Run(CELL, 2, 0), params).order_seed != one.order_seed

"""The store of finished runs: keys that see every edit, and one process at a time on a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from vidattn.bench import executor
from vidattn.bench import params as params_module
from vidattn.bench.cell import Cell, Run

ROOT = Path(__file__).resolve().parent.parent
FUSED = Run(Cell("actors", "tiny", "none", "two_stream", "clean"), 1, 0)


@pytest.fixture
def params(monkeypatch):
    monkeypatch.setattr(executor, "data_digest", lambda cell, params: "data")
    return params_module.load(ROOT / "params.yaml")


@pytest.mark.parametrize("name", ["frame_average", "temporal_stream"])
def test_a_fusion_is_made_again_when_a_stream_changes(params, monkeypatch, name):
    """Its scores are those of both streams, so their files and settings are part of its key."""
    assert ROOT / "models" / "architectures" / f"{name}.py" in executor.code_files(FUSED.cell)
    before = executor.ingredients(FUSED, params)
    changed = {**params.architectures, name: {**params.architectures[name], "dense": 12345}}
    after = executor.ingredients(FUSED, replace(params, architectures=changed))
    assert before["params"] != after["params"]
    assert before["code"] == after["code"]

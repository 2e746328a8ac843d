"""Each cell finds the costs of its own model: same parts, same size, and whether a head stands alone."""

import json

import pandas as pd
import pytest

from vidattn.bench.report import model_costs
from vidattn.bench.results.reader import Results, coordinates

CSV = """model,size,frames,latency_ms,batch_mb
tiny-cbam-lstm-12,64,8,3.0,550
tiny-none-image-12,64,,1.0,400
mobilenet_v2-none-lstm-12,224,8,2.0,500
"""
CELLS = {
    "actors-tiny-cbam-lstm-clean": {"size": 64, "frames": 8, "encoder": "trained"},
    "actors-tiny-cbam-lstm-large": {"size": 96, "frames": 8, "encoder": "trained"},
    "cifar100-tiny-none-image-clean": {"size": 64, "frames": 1, "encoder": "trained"},
    "ucf101-mobilenet_v2-none-lstm-icip": {"size": 224, "frames": 8, "encoder": "frozen"},
    "ucf101-mobilenet_v2-none-lstm-whole": {"size": 224, "frames": 8, "encoder": "trained"},
    "ucf101-mobilenet_v2-none-lstm-missing": None,
}


@pytest.fixture
def results(tmp_path):
    for folder in ("benchmarks", "complexity"):
        (tmp_path / folder).mkdir()
    (tmp_path / "benchmarks" / "costs.csv").write_text(CSV)
    for line in CSV.splitlines()[1:]:
        name = line.split(",")[0]
        record = dict(zip(("backbone", "attention", "architecture", "classes"), name.split("-")))
        record |= {"parameters": 1, "flops": 1} | ({"from_features": 1280} if "mobilenet" in name else {})
        (tmp_path / "complexity" / f"{name}.json").write_text(json.dumps(record))
    made = Results(tmp_path, list(CELLS))
    made.__dict__["records"] = {cell: [{"protocol": its}] if its else [] for cell, its in CELLS.items()}
    return made


def test_a_cell_finds_the_model_that_it_runs(results):
    frame = pd.DataFrame([{"cell": cell, **coordinates(cell)} for cell in CELLS])
    found = model_costs.of(results, frame)
    expected = [(3.0, 550.0), None, (1.0, 400.0), (2.0, 500.0), None, None]
    for row, numbers in zip(found.itertuples(index=False), expected, strict=True):
        assert tuple(row) == numbers if numbers else row.latency_ms != row.latency_ms


def test_nothing_measured_is_missing(results):
    (results.root / "benchmarks" / "costs.csv").unlink()
    frame = pd.DataFrame([{"cell": cell, **coordinates(cell)} for cell in CELLS])
    assert model_costs.of(results, frame).isna().all(axis=None)

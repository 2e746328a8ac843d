"""A table whose runs different devices made says which, and how many of each."""

import json
import shutil

import pytest
import synthetic

from vidattn.bench.report import device_kinds, tables
from vidattn.bench.results.reader import COORDINATES, Results, coordinates

FIRST = next(iter(synthetic.CELLS))


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(synthetic.GOLDEN / "results", tmp_path / "results")


def made_by(root, cell, device):
    """One run of a cell is another device's."""
    path = sorted((root / "records" / cell).glob("*.json"))[0]
    path.write_text(json.dumps({**json.loads(path.read_text()), "device": device}))


def test_a_table_names_the_devices_that_it_mixes_and_counts_their_runs(root, tmp_path):
    results = Results(root, list(synthetic.CELLS))
    assert device_kinds.mixed(tables.table("grid", results), results) == []
    runs = sum(map(len, results.records.values()))
    made_by(root, FIRST, "a GPU")
    results = Results(root, list(synthetic.CELLS))
    tables.write(["grid"], results, tmp_path / "tables")
    text = (tmp_path / "tables" / "grid.md").read_text()
    assert "2 kinds of device" in text and "a GPU (1 run)" in text and f"({runs - 1} runs)" in text


def test_devices_of_cells_that_a_table_does_not_show_are_not_its_own(root):
    made_by(root, FIRST, "a GPU")
    results = Results(root, list(synthetic.CELLS))
    grid = tables.table("grid", results)
    is_first = (grid[list(COORDINATES)] == list(coordinates(FIRST).values())).all(axis=1)
    assert is_first.sum() == 1 and device_kinds.mixed(grid, results)
    shown = grid[~is_first]
    assert device_kinds.mixed(shown, results) == []
    assert device_kinds.mixed(grid.iloc[:, :1], results) == []

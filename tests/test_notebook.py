"""The notebook of docs/ runs on the committed results, and what it says is what the tables say."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

from vidattn.bench.analysis import comparisons
from vidattn.bench.config.load import load
from vidattn.bench.plan.suites import reported
from vidattn.bench.results.reader import Results

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "docs" / "tutorials" / "results.ipynb"
SPEC = importlib.util.spec_from_file_location("notebook", ROOT / "requirements" / "notebook.py")
notebook = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(notebook)
CELL, CONTROL = (f"actors-tiny-{name}-frame_average-clean" for name in ("cbam", "none"))


@pytest.fixture(scope="module")
def page():
    return notebook.markdown(NOTEBOOK)


def test_it_recomputes_the_comparison_of_the_tables(page):
    row = comparisons.versus(
        Results(ROOT / "results", reported(load(ROOT / "params.yaml"))), [(CELL, CONTROL)]
    ).iloc[0]
    assert f"```text\n{100 * row['difference']:+.1f} points of top-1\n```" in page
    assert f"<td>{row['difference_low']:,.3f}</td>" in page


def test_it_shows_tables_and_a_figure(page):
    assert page.count("<table") == 4 and page.count('src="data:image/svg+xml;base64,') == 1
    blocks = re.findall("```python\n(.*?)\n```", page, re.S)
    sources = [
        "".join(c["source"]) for c in json.loads(NOTEBOOK.read_text())["cells"] if c["cell_type"] == "code"
    ]
    assert blocks == sources  # as they are written


def test_it_is_committed_without_outputs():
    assert not [c for c in json.loads(NOTEBOOK.read_text())["cells"] if c.get("outputs")]


def test_a_cell_that_fails_is_told(tmp_path):
    path = tmp_path / "mine.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["1 / 0"]}]}))
    with pytest.raises(RuntimeError, match=r"mine.ipynb: ZeroDivisionError: division by zero"):
        notebook.markdown(path)

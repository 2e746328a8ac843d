"""Records that other code or settings made are not judged."""

import dataclasses
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import synthetic

from vidattn.bench.config.cell import Cell
from vidattn.bench.config.load import load
from vidattn.bench.plan import run_key
from vidattn.bench.regression import gate, stale_records
from vidattn.bench.results.reader import Results

ROOT = Path(__file__).resolve().parents[3]
PARAMS = load(ROOT / "params.yaml")
CELLS = list(synthetic.CELLS)[:3]


@pytest.fixture
def results(tmp_path):
    """Three cells made by the code and settings at hand, and accepted."""
    synthetic.write(tmp_path, {cell: synthetic.CELLS[cell] for cell in CELLS})
    for path in tmp_path.glob("records/*/*.json"):
        record, cell = json.loads(path.read_text()), Cell.parse(path.parent.name, PARAMS)
        now = {"code": run_key.code_digest(cell, PARAMS), "params": run_key.settings_digest(cell, PARAMS)}
        path.write_text(json.dumps({**record, "digests": now}))
    gate.accept(Results(tmp_path, CELLS), "first")
    return Results(tmp_path, CELLS)


def test_nothing_is_stale_where_nothing_changed(results):
    assert stale_records.find(results, PARAMS) == {}
    assert gate.check(results, stale=partial(stale_records.find, params=PARAMS)) == 0


def test_cells_of_changed_code_or_settings_are_not_judged_but_exit_2(results, monkeypatch, capsys):
    digest = run_key.code_digest
    monkeypatch.setattr(
        run_key, "code_digest", lambda cell, params: digest(cell, params) + "!" * (cell.attention == "cbam")
    )
    changed = dataclasses.replace(PARAMS, attention={**PARAMS.attention, "l2pa": {"hidden": 7}})
    found = stale_records.find(results, changed)
    assert [found.get(cell) for cell in CELLS] == [
        None,
        "stale: made by other code",
        "stale: made by other settings",
    ]
    assert gate.check(results, stale=lambda results: found) == 2
    said = capsys.readouterr().out
    assert "made by other code" in said and "vidattn run <cell>, or make suite" in said
    with pytest.raises(ValueError, match=f"cannot be accepted: {CELLS[1]}, {CELLS[2]}"):
        gate.accept(results, "why", stale=found)


def test_a_damaged_record_exits_2_with_one_sentence(results, capsys):
    (results.root / "records" / CELLS[0] / "1-0.json").write_text("{")
    assert gate.check(Results(results.root, CELLS), stale=partial(stale_records.find, params=PARAMS)) == 2
    assert len(capsys.readouterr().out.strip().splitlines()) == 1


def test_no_framework_is_imported():
    script = (
        "import sys; from vidattn.bench.config.load import load;"
        "from vidattn.bench.regression import stale_records as stale;"
        "from vidattn.bench.config.cell import RESULTS;from vidattn.bench.plan.suites import cells;"
        "from vidattn.bench.results.reader import Results; settings = load();"
        "stale.find(Results(RESULTS, list(cells(settings))), settings);"
        "sys.exit(any(m in sys.modules for m in ('keras', 'tensorflow')))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)

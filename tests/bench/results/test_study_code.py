"""Which files a study's numbers depend on."""

import ast

import pytest

from vidattn.bench.results import study_code


def test_imports_are_found_wherever_they_stand(tmp_path):
    """As by a walk through the whole tree, of which only the statements are looked at."""
    path = tmp_path / "measure.py"
    path.write_text(
        "from vidattn.data.files import atomic\n"
        "def measure(x):\n"
        "    try:\n"
        "        from vidattn.bench.analysis import samples\n"
        "    except ImportError:\n"
        "        from vidattn.bench.analysis import contrasts\n"
        "    else:\n"
        "        from vidattn.models import build\n"
        "    finally:\n"
        "        with x:\n"
        "            from vidattn.models.graph import flops\n"
        "    match x:\n"
        "        case 1 if x:\n"
        "            from vidattn.data.media import decode\n"
        "    while x:\n"
        "        async def inner():\n"
        "            from vidattn.data.media import pictures\n"
    )
    names = ("bench/analysis/samples", "bench/analysis/contrasts", "models/build", "models/graph/flops")
    names += ("data/media/decode", "data/media/pictures")
    found = {file.relative_to(study_code.ROOT).as_posix() for file in study_code._imported(path)}
    assert found == {f"{name}.py" for name in names}


def test_every_statement_of_the_project_is_looked_at():
    for path in sorted(study_code.ROOT.glob("bench/**/*.py")):
        tree = ast.parse(path.read_text())
        every = {node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert every <= set(study_code._statements(tree)), path


def test_a_study_that_was_not_measured_has_no_rows(tmp_path):
    frame = study_code.read(tmp_path, "gate", ("quantity", "rate"), "Make it.")
    assert frame.empty and list(frame) == ["quantity", "rate"]
    assert list(study_code.table(tmp_path, "gate", ("quantity", "rate"), "Make it.")) == ["quantity", "rate"]


def test_a_study_is_read_where_it_lies_and_a_damaged_one_says_what_to_do(tmp_path):
    path = tmp_path / "schedule" / "schedule.csv"
    path.parent.mkdir()
    path.write_text("grid,runs,code\nmany,3,old\n")
    found = study_code.table(tmp_path, "schedule", ("grid", "runs"), "Make it.", folder="schedule")
    assert found.to_dict("records") == [{"grid": "many", "runs": 3, "stale": study_code.STALE}]
    with pytest.raises(ValueError, match="Make it."):
        study_code.read(tmp_path, "schedule", ("workers",), "Make it.", folder="schedule")

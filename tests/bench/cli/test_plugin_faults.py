"""A broken plug-in is told by file and line, without a traceback of ours."""

import importlib.util

import pytest

from vidattn.bench.cli import plugin_faults


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(plugin_faults, "ROOT", tmp_path)
    (tmp_path / "models" / "attention").mkdir(parents=True)
    return tmp_path


def run(path, text):
    """What importing a file and calling its `attention` raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("mine", path)
    module = importlib.util.module_from_spec(spec)
    with pytest.raises(Exception) as caught:  # noqa: PT011
        spec.loader.exec_module(module)
        module.attention()
    return caught.value


def test_a_syntax_error(home):
    error = run(home / "models" / "attention" / "mine.py", "def attention(:\n    pass\n")
    assert plugin_faults.error_line(error).startswith("models/attention/mine.py:1: ")


def test_an_error_inside_has_the_line_that_is_the_plug_ins(home):
    error = run(home / "models" / "attention" / "mine.py", "def attention():\n    return 1 + 'a'\n")
    assert plugin_faults.error_line(error).startswith(
        "models/attention/mine.py:2: TypeError: unsupported operand"
    )


def test_what_the_suite_refuses_itself_stands_as_it_is(home):
    text = "def attention():\n    raise ValueError('units: expected 1 or more')\n"
    assert plugin_faults.error_line(run(home / "models" / "attention" / "mine.py", text)) is None
    assert plugin_faults.error_line(run(home / "bench" / "other.py", "1 / 0\n")) is None


def test_a_file_without_its_function(home):
    error = run(home / "models" / "attention" / "mine.py", "def attenton():\n    pass\n")
    assert plugin_faults.error_line(error).startswith("models/attention/mine.py has no attention")

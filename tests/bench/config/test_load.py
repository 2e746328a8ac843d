"""params.yaml as text: damaged, empty, doubled or swollen files are told in one line that names the place."""

from pathlib import Path

import pytest

from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.load import load

ROOT = Path(__file__).resolve().parents[3]
BOMB = "".join(f"b{i}: &b{i} [{', '.join([f'*b{i - 1}'] * 10)}]\n" for i in range(1, 10))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "params.yaml is empty. Expected suite, suites, protocols"),
        (b"# a comment\n", "params.yaml is empty"),
        (b"[demo]\n", "params.yaml holds list and not sections"),
        (b"suite: \xff\xfe\n", r"params.yaml is not UTF-8 text \(byte 7\): it is damaged"),
        (b"suite: de\x00mo\n", "params.yaml is not valid YAML"),
        (b"a: [", "params.yaml is not valid YAML: line 1, column 5: .*, in what starts on line 1"),
        (
            b"protocols:\n  a: {\n    frames: 8 mask: no\n  }\n",
            "line 3, column 19: .*, in what starts on line 2",
        ),
        (
            b"suite: demo\nstore: x\nsuite: ci\n",
            "line 3, column 1: key 'suite' stands twice, first on line 1",
        ),
        (b"suites: {demo: [], ci: [], demo: []}\n", "line 1, .*: key 'demo' stands twice"),
        (b"b0: &b0 [0, 0]\n" + BOMB.encode(), "line 6, .*: its anchors, written out, hold more than 100,000"),
        (b"a: &a [*a]\n", "line 1, .*: its anchors, written out, hold more"),
        (b"a: *gone\n", "line 1, column 4: found undefined alias"),
        (b"suite: 2021-99-99\n", "holds what YAML cannot read: month must be in 1..12"),
        (b"a: " + b"[" * 5000, "holds what YAML cannot read: maximum recursion depth|line 1"),
    ],
)
def test_text_that_is_no_params_file(tmp_path, text, message):
    path = tmp_path / "params.yaml"
    path.write_bytes(text)
    with pytest.raises(ParamsError, match=message) as error:
        load(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_was_cut_names_what_is_missing(tmp_path):
    text = (ROOT / "params.yaml").read_text()
    path = tmp_path / "params.yaml"
    path.write_text(text[: text.index("\ncomplexity:")])
    with pytest.raises(ParamsError, match="params.yaml: missing key complexity."):
        load(path)


def test_a_merged_key_may_be_replaced_but_none_written_twice(tmp_path):
    path = tmp_path / "params.yaml"
    text = (ROOT / "params.yaml").read_text()
    base = "again: {<<: &base {method: farneback, definition: both, length: 1, bound: 8.0, settings: {}}, "
    path.write_text(text.replace("\nflows:\n", f"\nflows:\n  {base}bound: 4.0}}\n", 1))
    assert load(path).flows["again"].bound == 4.0
    path.write_text(text.replace("\nflows:\n", f"\nflows:\n  {base}bound: 4.0, bound: 2.0}}\n", 1))
    with pytest.raises(ParamsError, match="key 'bound' stands twice"):
        load(path)

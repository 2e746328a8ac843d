"""params.yaml laid out as before, after another program wrote it anew."""

import subprocess

import pytest
import yaml

from vidattn.bench.config.errors import ParamsError
from vidattn.bench.plan.relaid import relaid, restore

TEXT = """\
# What it is.
rate: 0.1 # of learning
base: &base
  sizes: [1, 2]

  # of the data
  epochs: 18
other:
  <<: *base
  name: b
"""


@pytest.mark.parametrize(
    ("change", "lines"),
    [({}, 0), ({"rate": 0.00001}, 1), ({"base": {"sizes": [3], "epochs": 18}}, 1)],
)
def test_only_lines_with_another_value_differ(change, lines):
    wanted = {**yaml.safe_load(TEXT), **change}
    text = relaid(TEXT, yaml.safe_dump(wanted))
    assert yaml.safe_load(text) == wanted
    assert len(set(text.splitlines()) - set(TEXT.splitlines())) == lines


def test_another_key_is_not_laid_out():
    with pytest.raises(ParamsError):
        relaid(TEXT, "rate: 0.1\n")


@pytest.fixture
def committed(tmp_path):
    """The file, as a commit has it."""
    path = tmp_path / "params.yaml"
    path.write_text(TEXT)
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)
    return path


def test_what_dvc_wrote_is_laid_out_and_said_types_and_all(committed):
    told: list[str] = []
    committed.write_text(yaml.safe_dump({**yaml.safe_load(TEXT), "rate": 1}))
    restore(committed, told.append)
    assert committed.read_text() == TEXT.replace("rate: 0.1", "rate: 1") and len(told) == 1
    committed.write_text(yaml.safe_dump({**yaml.safe_load(TEXT), "rate": 1.0}))
    restore(committed, told.append)
    assert committed.read_text() == TEXT.replace("rate: 0.1", "rate: 1.0")


def test_a_file_of_ones_own_stays(committed):
    """In block style as DVC writes, with a comment that DVC cannot have made."""
    own = "# mine\n" + yaml.safe_dump(yaml.safe_load(TEXT))
    committed.write_text(own)
    restore(committed, pytest.fail)
    assert committed.read_text() == own


def test_a_link_stays_one(committed):
    real = committed.rename(committed.with_name("real.yaml"))
    committed.symlink_to(real)
    real.write_text(yaml.safe_dump(yaml.safe_load(TEXT)))
    restore(committed, lambda line: None)
    assert committed.is_symlink() and real.read_text() == TEXT

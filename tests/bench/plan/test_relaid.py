"""params.yaml laid out as before, after another program wrote it anew."""

import pytest
import yaml

from vidattn.bench.config.errors import ParamsError
from vidattn.bench.plan.relaid import relaid

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

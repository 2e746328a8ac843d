"""JSON files, digests and checkpoints."""

import numpy as np
import pytest

from vidattn.bench.system import digests
from vidattn.bench.train import checkpoint


def test_json_bytes_do_not_depend_on_the_order_of_keys(tmp_path):
    digests.write_json(tmp_path / "a", {"b": 1, "a": "ü"})
    digests.write_json(tmp_path / "b", {"a": "ü", "b": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_digest_sees_names_and_bytes(tmp_path):
    (tmp_path / "a").write_text("x")
    before = digests.digest_files([tmp_path / "a"])
    (tmp_path / "a").write_text("y")
    assert digests.digest_files([tmp_path / "a"]) != before


def test_checkpoint_round_trip(tmp_path):
    variables = [np.arange(3.0), np.array(7, dtype="uint32"), np.ones((2, 2), "float16")]
    checkpoint.save(tmp_path / "c.npz", variables, [np.zeros(2)], {"epoch": 3})
    back, weights, notes = checkpoint.load(tmp_path / "c.npz")
    assert [v.dtype for v in back] == [v.dtype for v in variables]
    for a, b in zip(back, variables):
        np.testing.assert_array_equal(a, b)
    assert len(weights) == 1
    assert notes == {"epoch": 3}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"not a zip"])
def test_a_broken_checkpoint_is_no_checkpoint(tmp_path, content):
    (tmp_path / "c.npz").write_bytes(content)
    assert checkpoint.load(tmp_path / "c.npz") is None
    assert checkpoint.load(tmp_path / "none.npz") is None

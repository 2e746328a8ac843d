"""A header that Python's tokenizer gives up on is told by the name of its file and what makes it again."""

import hashlib
from tokenize import TokenError

import numpy as np
import pytest

from vidattn.bench.cli import endings
from vidattn.bench.system import damaged_headers
from vidattn.data.shards.verify import Verifier


@pytest.fixture
def read(tmp_path):
    """Opens an array of a store whose header has lost its closing brace."""
    store = tmp_path / "actors" / "frames" / "key"
    store.mkdir(parents=True)
    values = np.arange(6.0)
    np.save(store / "00000.npy", values)
    content = (store / "00000.npy").read_bytes()
    (store / "00000.npy").write_bytes(content.replace(b"}", b" ", 1))
    digest = hashlib.sha256(values.data).hexdigest()
    return lambda: Verifier(store).array("00000.npy", (6,), values.dtype, digest)


def test_the_file_and_the_command_are_named(read):
    with pytest.raises(TokenError):
        read()
    with pytest.raises(damaged_headers.DamagedHeader) as caught, damaged_headers.named():
        read()
    assert "/actors/frames/key/00000.npy is damaged" in str(caught.value)
    assert str(caught.value).endswith("Delete it, then run: vidattn data frames actors")


def test_a_command_ends_with_that_line(read):
    with pytest.raises(TokenError) as caught:
        read()
    assert endings.line(caught.value) == damaged_headers.error_line(caught.value)


def test_other_errors_stay_as_they_are():
    with pytest.raises(TokenError), damaged_headers.named():
        raise TokenError("of something else")
    assert damaged_headers.error_line(KeyError("a")) is None

"""Corrections that leave the keys of runs as they are, and nothing but them."""

import hashlib

import pytest

from vidattn.bench.system import corrections, digests


@pytest.mark.parametrize("item", corrections.CORRECTIONS, ids=lambda item: item.file)
def test_a_corrected_file_counts_as_what_it_was(item):
    path = corrections.ROOT / item.file
    assert corrections.file_digest(path) == item.before != digests.file_digest(path)


@pytest.fixture
def corrected(tmp_path, monkeypatch):
    """A file of two lines, the second of which is corrected from `b` to `c`."""
    before = hashlib.sha256(b"a\nb\n").hexdigest()
    item = corrections.Correction("net.py", before, was="b\n", now="c\n", why="it raised an error")
    monkeypatch.setattr(corrections, "ROOT", tmp_path)
    monkeypatch.setattr(corrections, "CORRECTIONS", (item,))
    return tmp_path / "net.py", before


def test_an_edit_beside_the_correction_counts(corrected):
    path, before = corrected
    path.write_text("a\nc\n")
    assert corrections.file_digest(path) == before
    for text in ("a\nc\nd\n", "A\nc\n", "a\nd\n", "a\nc\nc\n"):
        path.write_text(text)
        assert corrections.file_digest(path) == digests.file_digest(path) != before


def test_the_same_text_in_another_file_counts(corrected):
    path, before = corrected
    other = path.with_name("other.py")
    other.write_text("a\nc\n")
    assert corrections.file_digest(other) == digests.file_digest(other) != before

"""Corrections that leave the keys of runs as they are, and nothing but them."""

import hashlib

import pytest

from vidattn.bench.explain import score_cells
from vidattn.bench.results import study_code
from vidattn.bench.system import corrections, digests


@pytest.mark.parametrize("item", corrections.CORRECTIONS, ids=lambda item: item.file)
def test_a_corrected_file_counts_as_what_it_was(item):
    path = corrections.ROOT / item.file
    assert corrections.file_digest(path) == item.before != digests.file_digest(path)


@pytest.fixture
def corrected(tmp_path, monkeypatch):
    """A file of two lines, both corrected: from `x` to `a`, and from `b` to `c`."""
    before = hashlib.sha256(b"x\nb\n").hexdigest()
    item = corrections.Correction("net.py", before, (("x\n", "a\n"), ("b\n", "c\n")), "it raised an error")
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


def test_maps_of_before_the_correction_stay_of_this_code(monkeypatch):
    """Two of the files that score maps are corrected: without corrections the digest is another."""
    ours = study_code.maps_digest()
    assert ours == score_cells._code((*score_cells.SCORES_CODE, *score_cells.CELLS_CODE))
    monkeypatch.setattr(corrections, "CORRECTIONS", ())
    assert ours != study_code.maps_digest()


def test_the_same_text_in_another_file_counts(corrected):
    path, before = corrected
    other = path.with_name("other.py")
    other.write_text("a\nc\n")
    assert corrections.file_digest(other) == digests.file_digest(other) != before

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


def test_a_file_stands_here_once():
    assert len(corrections.BY_FILE) == len(corrections.CORRECTIONS)


@pytest.fixture
def corrected(tmp_path, monkeypatch):
    """A file that was corrected from `x` to `a`."""
    before, after = (hashlib.sha256(text).hexdigest() for text in (b"x\n", b"a\n"))
    item = corrections.Correction("net.py", before, after, "it raised an error")
    monkeypatch.setattr(corrections, "BY_FILE", {tmp_path / "net.py": item})
    return tmp_path / "net.py", before


def test_an_edit_beside_the_correction_counts(corrected):
    path, before = corrected
    path.write_text("a\n")
    assert corrections.file_digest(path) == before
    for text in ("a\nd\n", "A\n", "a\n\n"):
        path.write_text(text)
        assert corrections.file_digest(path) == digests.file_digest(path) != before


def test_maps_of_before_the_correction_stay_of_this_code(monkeypatch):
    """Five of the files that score maps are corrected: without corrections the digest is another."""
    ours = study_code.maps_digest()
    assert ours == score_cells._code((*score_cells.SCORES_CODE, *score_cells.CELLS_CODE))
    monkeypatch.setattr(corrections, "BY_FILE", {})
    assert ours != study_code.maps_digest()


def test_the_same_text_in_another_file_counts(corrected):
    path, before = corrected
    other = path.with_name("other.py")
    other.write_text("a\n")
    assert corrections.file_digest(other) == digests.file_digest(other) != before

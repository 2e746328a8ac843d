"""A reference that contradicts itself is named before anything is held against it."""

import pytest
import synthetic

from vidattn.bench.regression import gate, reference
from vidattn.bench.results import accepted
from vidattn.bench.results.reader import Results

CELL = next(iter(synthetic.CELLS))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    root = synthetic.write(tmp_path_factory.mktemp("accepted"), {CELL: (0.8, 0.75, 0.7)}, groups=3, clips=1)
    return gate.accept(Results(root), "first")


def test_one_that_is_whole_or_empty_or_not_there_passes(path, tmp_path):
    accepted.require(path)
    accepted.require(tmp_path / "reference.csv")
    (tmp_path / "reference.csv").write_text(path.read_text().splitlines(keepends=True)[0])
    accepted.require(tmp_path / "reference.csv")


@pytest.mark.parametrize(
    "column, value, why",
    [
        ("top1", 0.5, "top1 of .* fold 1 seed 0 is 0.5, and 0.[0-9]+ by its hits"),
        ("n", 16, "the hits of .* are not of its 16 clips"),
        ("n", 10**12, "the hits of .* are not of its 1000000000000 clips"),
        ("n", "x", "is no readable csv"),
        ("hits", "ffffc0", "top1 of .* and 1 by its hits"),
        ("hits", "ffffe0", "the hits of .* are not of its 18 clips"),
        ("hits", "ffff", "the hits of .* are not of its 18 clips"),
        ("hits", "xxxxxx", "the hits of .* are not of its 18 clips"),
        ("digest", "0123456789abcdeg", "a digest of .* is not of 16 hexadecimal digits"),
        ("clips", "0123", "a digest of .* is not of 16 hexadecimal digits"),
        ("fold", 2, ".* fold 2 seed 0 stands there twice"),
    ],
)
def test_a_row_that_cannot_be_is_named(path, tmp_path, column, value, why):
    frame = reference.read(path).astype({column: object})
    assert frame.loc[0, "n"] == 18
    frame.loc[0, column] = value
    frame.to_csv(tmp_path / "reference.csv", index=False)
    with pytest.raises(ValueError, match=f"reference.csv (is damaged: )?{why}.*Restore it from git"):
        accepted.require(tmp_path / "reference.csv")

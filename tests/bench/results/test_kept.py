"""Numbers that are kept between commands: found again, and made again where anything changed."""

import json
from pathlib import Path

import pytest
import synthetic

from vidattn.bench.analysis import comparisons, contrasts
from vidattn.bench.report import tables
from vidattn.bench.results import kept, seals
from vidattn.bench.results.reader import Results
from vidattn.bench.system import digests

CELLS = [*synthetic.CELLS]
CBAM = CELLS[1]
PUBLISHED = Path(__file__).resolve().parents[3] / "results" / "published"


@pytest.fixture
def root(tmp_path):
    """Invented results with seals."""
    root = synthetic.write(tmp_path / "results", seeds=2)
    (root / "published").symlink_to(PUBLISHED)
    for path in sorted((root / "records").glob("*/*.json")):
        seal(root, path)
    return root


def seal(root, path):
    table = root / "predictions" / path.parent.name / f"{path.stem}.csv"
    record = seals.sealed(json.loads(path.read_text()), table.read_bytes())
    path.write_text(digests.json_text(record))


def read(root):
    return Results(root, CELLS, kept_in=root / "numbers.json", compare=synthetic.COMPARE)


def top1(results):
    found = list(comparisons.cells(results)["top1"])
    results.keep()
    return found


def refuse(*arguments, **options):
    raise AssertionError("computed again")


def test_what_was_computed_is_not_computed_again(root, monkeypatch):
    first = comparisons.cells(results := read(root))
    results.keep()
    monkeypatch.setattr(contrasts, "accuracy", refuse)
    assert comparisons.cells(read(root)).equals(first)
    with pytest.raises(AssertionError, match="computed again"):
        comparisons.cells(Results(root, CELLS))


def test_tables_of_what_was_kept_have_the_same_bytes(root, tmp_path):
    fresh = Results(root, CELLS, compare=synthetic.COMPARE)
    for place, results in (("fresh", fresh), ("first", read(root)), ("again", read(root))):
        tables.write(tables.names(), results, tmp_path / place)
        results.keep()
    for path in (tmp_path / "fresh").iterdir():
        for place in ("first", "again"):
            assert (tmp_path / place / path.name).read_bytes() == path.read_bytes(), path.name


def test_another_run_is_another_number(root):
    before = top1(read(root))
    record = root / "records" / CBAM / "1-0.json"
    table = root / "predictions" / CBAM / "1-0.csv"
    table.write_text(table.read_text().replace(",bow,bow,1,", ",bow,nod,2,"))
    top = sum(line.split(",")[2] == line.split(",")[3] for line in table.read_text().splitlines()[1:])
    said = json.loads(record.read_text())
    said["metrics"] |= {"top1": top / said["n"], "per_class": top / said["n"]}
    record.write_text(json.dumps(said))
    seal(root, record)
    after = top1(read(root))
    assert after == list(comparisons.cells(Results(root, CELLS))["top1"])
    assert after[1] < before[1]
    assert after[:1] + after[2:] == before[:1] + before[2:]


def test_a_run_that_was_changed_is_left_out_though_its_numbers_were_kept(root, capsys):
    top1(read(root))
    table = root / "predictions" / CBAM / "1-0.csv"
    table.write_text(table.read_text().replace("bow", "nod"))
    assert len(read(root).records[CBAM]) == 5
    assert "1-0.csv has other bytes than it was written with" in capsys.readouterr().err


def test_predictions_that_are_gone_are_missed_though_they_were_kept(root):
    top1(read(root))
    for path in (root / "predictions" / CBAM).iterdir():
        path.unlink()
    assert comparisons.cells(read(root))["n"].isna().tolist() == [False, True, *[False] * 4]


def test_other_code_computes_again(root, monkeypatch):
    top1(read(root))
    monkeypatch.setattr(kept, "_code", lambda: ["another line"])
    monkeypatch.setattr(contrasts, "accuracy", refuse)
    with pytest.raises(AssertionError, match="computed again"):
        top1(read(root))


@pytest.mark.parametrize("damage", ["a number", "half", "nothing", "no JSON", "a list", "no values"])
def test_a_damaged_file_is_made_again(root, damage):
    before, path = top1(read(root)), root / "numbers.json"
    whole = path.read_text()
    place = whole.index('\\"top1\\": 0.') + len('\\"top1\\": 0.')
    digit = "1" if whole[place] != "1" else "2"
    path.write_text(
        {
            "a number": whole[:place] + digit + whole[place + 1 :],
            "half": whole[: len(whole) // 2],
            "nothing": "",
            "no JSON": "numbers",
            "a list": "[]",
            "no values": "{}",
        }[damage]
    )
    assert top1(read(root)) == before
    assert path.read_text() == whole


def test_runs_without_a_seal_are_computed_each_time(root, monkeypatch):
    path = root / "records" / CBAM / "1-0.json"
    record = json.loads(path.read_text())
    del record[seals.KEY]
    path.write_text(json.dumps(record))
    top1(read(root))
    assert not (root / "numbers.json").exists()


def test_numbers_of_two_data_sets_are_of_no_scope(root):
    for number in (3, 4):
        results = read(root)
        assert (
            results.once(["sum"], [CBAM, "hmdb51-tiny-cbam-lstm-clean"], lambda number=number: number)
            == number
        )
        top1(results)


def test_what_was_kept_stands_in_its_order(root):
    for made in ({"b": 1, "a": 2}, None):
        assert [*(results := read(root)).once(["rows"], [CBAM], lambda made=made: made)] == ["b", "a"]
        results.keep()


def test_a_store_that_takes_no_files_is_no_fault(root):
    (root / "store").write_text("a file, where a folder should be")
    results = Results(root, CELLS, kept_in=root / "store" / "numbers.json")
    assert top1(results) == top1(read(root))

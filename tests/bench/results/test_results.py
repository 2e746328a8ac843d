"""The reader of the results folder."""

import csv
import json
import re
from pathlib import Path

import pytest
import synthetic

from vidattn.bench.report.tables import backends, benchmarks, costs, table
from vidattn.bench.results import files, reader, seals
from vidattn.bench.results.reader import Results, coordinates, identity
from vidattn.bench.system import digests

CELL = next(iter(synthetic.CELLS))
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path):
    return synthetic.write(tmp_path, {CELL: synthetic.CELLS[CELL]}, folds=2, seeds=2)


@pytest.mark.parametrize(
    "text",
    [
        *("a,b\n1,2\n3,4\n", "a,b\n1,2\n3,4", "a,b\r\n1,2\r\n", 'a,b\n"1,1","2"""\n', 'a,b\n1,"2\n3"\n'),
        *("a,b\n,\n", "a\n1\n", "a,b\n", "a\n", "a,b\n1,2,3\n4\n", "a,b\n1,2\n\n", "a,b\n1\n2\n3\n", ""),
        *("a,b\n1,2\n\n3,4\n", "a\n\n", 'a,b\n1,"2\n'),
    ],
)
def test_columns_are_those_of_a_reader_of_csv(tmp_path, text):
    """However a file is read, what is in it is what the csv module says, and no other file passes."""
    path = tmp_path / "a.csv"
    path.write_text(text, newline="")
    try:
        header, *rows = csv.reader(text.splitlines(keepends=True), strict=True)
        values = [*zip(*rows, strict=True)] if rows else [()] * len(header)
        expected = dict(zip(header, map(list, values), strict=True))
    except (csv.Error, ValueError):
        with pytest.raises(ValueError, match="is no readable csv"):
            files.columns(path, {}, "Restore it.")
    else:
        found = files.columns(path, {}, "Restore it.")
        assert {name: column.tolist() for name, column in found.items()} == expected


def test_ids_and_coordinates_are_inverse():
    assert identity(coordinates(CELL)) == identity(CELL) == CELL
    with pytest.raises(ValueError, match="Write all five names"):
        coordinates("actors-tiny")
    with pytest.raises(ValueError, match="lacks protocol"):
        identity({"dataset": "a", "backbone": "b", "attention": "c", "architecture": "d"})


def test_what_is_planned_is_by_default_what_is_here(root):
    assert Results(root, [CELL]).planned_ids == (CELL,)
    assert Results(root, [CELL], planned=()).planned_ids == ()
    assert Results(root, [CELL], planned=(synthetic.MISSING,)).planned_ids == (synthetic.MISSING,)


def test_what_is_half_written_is_no_result(root):
    """A process is at it, or was killed: names that begin with a dot, which `*` of pathlib matches too."""
    whole = Results(root).runs
    (root / "records" / CELL / ".3-0.123-abcdef01.part.json").write_text("{")
    (root / "complexity" / ".tiny.123-abcdef01.part.json").write_text("{")
    (root / "records" / ".other").mkdir()
    assert Results(root).ids == (CELL,) and Results(root).runs.equals(whole)
    assert list(Results(root).complexity["model"]) == ["tiny-none-frame_average"]


def test_reads_what_was_written(root):
    results = Results(root)
    assert results.ids == (CELL,)
    assert [(r["fold"], r["seed"]) for r in results.records[CELL]] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    frame = results.predictions(CELL)
    assert list(frame["run"].unique()) == ["1-0", "1-1", "2-0", "2-1"]
    for row in results.runs.itertuples():
        mine = frame[(frame["fold"] == row.fold) & (frame["seed"] == row.seed)]
        assert (mine["label"] == mine["prediction"]).mean() == pytest.approx(row.top1)
    assert list(results.timings(CELL)["train_seconds"]) == [13, 14, 16, 17]
    assert list(results.complexity["model"]) == ["tiny-none-frame_average"]


def test_only_the_cells_asked_for_are_read_and_others_are_missing(root):
    results = Results(root, [synthetic.MISSING])
    assert results.missing == results.ids == (synthetic.MISSING,)
    assert results.runs.empty and results.predictions(CELL).empty


def test_folds_beyond_nine_keep_their_order(root):
    frame = Results(root).predictions(CELL).query("run == '1-0'").drop(columns=["fold", "seed", "run"])
    synthetic.write_run(root, CELL, 10, 0, frame)
    assert [r["fold"] for r in Results(root).records[CELL]] == [1, 1, 2, 2, 10]


def test_class_names_that_look_like_missing_values_survive(root):
    frame = Results(root).predictions(CELL).query("run == '1-0'").drop(columns=["fold", "seed", "run"])
    synthetic.write_run(root, CELL, 1, 0, frame.assign(label="None", group="NA", prediction="null"))
    read = Results(root).predictions(CELL).query("run == '1-0'")
    assert set(read["label"]) == {"None"} and set(read["group"]) == {"NA"}


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00"])
def test_a_damaged_record_names_its_file(root, content):
    (root / "records" / CELL / "1-0.json").write_text(content)
    with pytest.raises(ValueError, match=r"1-0\.json.*Delete it, run its cell again"):
        _ = Results(root).records


def changed(path, **values) -> None:
    """Changes a record; a metric by its own name."""
    record = json.loads(path.read_text())
    for name, value in values.items():
        (record["metrics"] if name in record["metrics"] else record)[name] = value
    path.write_text(json.dumps(record))


UNSOUND = [("top1", 0.999, "top1 is 0.999, and 0.[0-9]+ by its predictions")]
UNSOUND += [
    ("top5", float("nan"), "top5 is nan, expected a number"),
    ("per_class", 2.5, "per_class is 2.5, expected a share from 0 to 1"),
]
UNSOUND += [("n", 7, "n is 7, and there are predictions of"), ("flops", -1, "flops is -1, expected a count")]


@pytest.mark.parametrize("name, value, why", UNSOUND)
def test_a_record_that_its_predictions_contradict_is_named_and_left_out(root, name, value, why, capsys):
    changed(root / "records" / CELL / "1-0.json", **{name: value})
    results = Results(root)
    assert list(results.runs["fold"]) == [1, 2, 2] and results.runs["top1"].between(0, 1).all()
    assert set(results.predictions(CELL)["run"]) == {"1-1", "2-0", "2-1"}
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and re.search(rf"1-0.json is left out: {why}", lines[0])


def sealed(root, run: str):
    """Seals a run's two files as `records.write` does; returns their paths."""
    path, table = (root / kind / CELL / f"{run}.{end}" for kind, end in reader.FILES)
    path.write_text(digests.json_text(seals.sealed(json.loads(path.read_text()), table.read_bytes())))
    return path, table


FLIPS = [  # which of the two files, what is turned into what: no score contradicts any of them
    (1, rb",f1g0,", b",f1g1,"),
    (1, rb"(\.[0-9]{3})[0-9]\n", rb"\1x\n"),
    (1, rb"\nbow_f1g0", b"\nbox_f1g0"),
    (0, rb'"n_train": [0-9]', b'"n_train": 7'),
    (0, rb'"loss": \[\n +1', b'"loss": [\n 2'),
    (0, rb'"predictions": "[0-9a-f]', b'"predictions": "x'),
    (0, rb'"record": "[0-9a-f]', b'"record": "x'),
]


@pytest.mark.parametrize("which, old, new", FLIPS)
def test_a_flip_that_no_score_contradicts_is_named_and_left_out(root, which, old, new, capsys):
    files = sealed(root, "1-0")
    assert len(Results(root).runs) == 4 and not capsys.readouterr().err
    content, changes = re.subn(old, new, files[which].read_bytes(), count=1)
    assert changes == 1
    files[which].write_bytes(content)
    for _ in range(2):  # the gate reads the results of a cell again
        assert list(Results(root).runs["fold"]) == [1, 2, 2]
    (line,) = capsys.readouterr().err.splitlines()
    assert str(files[which]) in line or new.endswith(b': "x')  # a broken seal accuses what it stands for
    assert f"from git, or: vidattn run {CELL} --fold 1 --seed 0" in line


def test_a_record_of_before_there_were_seals_is_read(root, capsys):
    assert "sealed" not in (root / "records" / CELL / "1-0.json").read_text()
    assert len(Results(root).runs) == 4 and not capsys.readouterr().err


def test_every_committed_record_is_whole(capsys):
    found = Results(ROOT / "results")
    assert [len(found.records[cell]) for cell in found.ids] == [
        len(list((ROOT / "results/records" / cell).glob("*.json"))) for cell in found.ids
    ]
    assert not capsys.readouterr().err


def test_a_record_of_another_fold_is_refused(root):
    changed(root / "records" / CELL / "1-0.json", fold=2)
    with pytest.raises(ValueError, match=r"1-0.json says fold 2, seed 0"):
        _ = Results(root).records


def test_a_record_in_the_wrong_folder_is_refused(root):
    path = root / "records" / CELL / "1-0.json"
    record = json.loads(path.read_text())
    record["cell"]["attention"] = "cbam"
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match="lies in the folder of"):
        _ = Results(root).runs


def test_an_unknown_publication_lists_the_known_ones(root):
    with pytest.raises(FileNotFoundError, match="There are: none"):
        Results(root).published("thesis")


def test_a_predictions_file_with_another_column_is_refused(root):
    path = root / "predictions" / CELL / "1-0.csv"
    path.write_text(path.read_text().replace("group", "grp", 1))
    expected = r"1-0\.csv lacks the column group. Expected: clip, group, .*Delete it, run its cell again"
    with pytest.raises(ValueError, match=expected):
        Results(root).predictions(CELL)


@pytest.mark.parametrize("content", ["", "clip\nx,y,z\n", "\x00\xff", "rank: first"])
def test_damaged_predictions_name_their_file(root, content):
    path = root / "predictions" / CELL / "1-0.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, rows[0].replace(",1,", ",first,")]) if "rank" in content else content)
    with pytest.raises(ValueError, match=r"1-0\.csv .*Delete it, run its cell again"):
        Results(root).predictions(CELL)


@pytest.mark.parametrize("key", ["cell", "fold", "n", "flops", "metrics", "top1"])
def test_a_record_without_a_key_is_refused(root, key):
    path = root / "records" / CELL / "1-0.json"
    record = json.loads(path.read_text())
    record["metrics" if key == "top1" else "other"] = {}
    record.pop(key, None)
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=rf"1-0\.json lacks .*{key}.*Delete it, run its cell again"):
        _ = Results(root).records


def test_a_record_of_no_run_is_named(root):
    (root / "records" / CELL / "notes.json").write_text("{}")
    with pytest.raises(ValueError, match=r"notes\.json is no <fold>-<seed>\.json"):
        _ = Results(root).records


def test_a_count_without_a_key_names_the_command_that_makes_it_again(root):
    (root / "complexity" / "tiny-none-frame_average.json").write_text("{}")
    with pytest.raises(ValueError, match=r"lacks .*parameters.*Delete it, then: vidattn complexity"):
        _ = Results(root).complexity


@pytest.mark.parametrize("content", ["", "table,dataset\nx,y\n"])
@pytest.mark.parametrize(
    ("name", "read", "remedy"),
    [
        ("published/icip.csv", lambda found: found.published("icip"), "Restore it from git"),
        ("rates/icip.csv", lambda found: found.rates, "vidattn bench rates"),
        ("saturation/real.csv", lambda found: found.saturation, "vidattn saturation"),
        ("benchmarks/costs.csv", lambda found: costs.table(found, {}), "vidattn bench costs"),
        ("benchmarks/backends.csv", lambda found: backends.table(found, {}), "vidattn bench backends"),
        (
            "benchmarks/benchmarks.csv",
            lambda found: benchmarks.table(found, {}),
            "vidattn bench speed --shared",
        ),
    ],
)
def test_other_damaged_tables_name_their_file(root, name, read, remedy, content):
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(content)
    with pytest.raises(ValueError, match=rf"{name}.*Expected.*{remedy}"):
        read(Results(root))


def test_committed_results_are_read():
    """Every file of this repository's results has what is expected of it."""
    found = Results(ROOT / "results")
    assert all(found.records[cell] and len(found.predictions(cell)) for cell in found.ids)
    assert len(found.complexity) and len(found.rates) and len(found.saturation)
    assert len(found.published("icip")) and len(found.published("thesis"))


def test_a_new_metric_of_records_stands_in_the_tables_of_all_cells(tmp_path):
    cell = "actors-tiny-none-lstm-clean"
    synthetic.write(tmp_path, {cell: synthetic.CELLS[cell]}, folds=2)
    for fold, value in ((1, 0.25), (2, 0.75)):
        path = tmp_path / "records" / cell / f"{fold}-0.json"
        record = json.loads(path.read_text())
        path.write_text(json.dumps({**record, "metrics": {**record["metrics"], "mine": value}}))
    found = Results(tmp_path)
    assert found.metrics == ("top1", "top5", "per_class", "mine")
    for name in ("grid", "demo_grid"):
        frame = table(name, found)
        assert frame["mine"].tolist() == [0.5]
        assert "mine_low" not in frame

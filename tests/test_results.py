"""The reader of the results folder."""

import json
from pathlib import Path

import pytest
import synthetic

from vidattn.bench.results import Results, coordinates, identity
from vidattn.bench.tables import backends, benchmarks, costs, table

CELL = next(iter(synthetic.CELLS))
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def root(tmp_path):
    return synthetic.write(tmp_path, {CELL: synthetic.CELLS[CELL]}, folds=2, seeds=2)


def test_ids_and_coordinates_are_inverse():
    assert identity(coordinates(CELL)) == identity(CELL) == CELL
    with pytest.raises(ValueError, match="Write all five names"):
        coordinates("actors-tiny")
    with pytest.raises(ValueError, match="lacks protocol"):
        identity({"dataset": "a", "backbone": "b", "attention": "c", "architecture": "d"})


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
        ("benchmarks/benchmarks.csv", lambda found: benchmarks.table(found, {}), "vidattn bench --shared"),
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

"""Frozen records give frozen tables. Made again by `python tests/bench/report/test_tables.py`."""

import importlib
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic

from vidattn.bench.analysis import planned, statistics
from vidattn.bench.config import plugin_files
from vidattn.bench.config.load import load
from vidattn.bench.config.plugin_files import PlugIn
from vidattn.bench.plan.suites import cells
from vidattn.bench.report import page, published_beside_ours, tables, two_stream_table
from vidattn.bench.results import study_code
from vidattn.bench.results.reader import COORDINATES, Results

ROOT = Path(__file__).resolve().parents[3]
CELLS = [*synthetic.CELLS, synthetic.MISSING]
FROZEN = ("demo_grid", "grid", "protocols", "thesis_5_1", "thesis_6_1", "icip_ucf101")
HEADS = {
    "lstm": 0.7,
    "lstm_sequence": 0.75,
    "lstm_uniform": 0.65,
    "lstm_attention": 0.8,
    "uniform_lstm": 0.5,
    "attention_lstm": 0.55,
}


def copy(folder):
    """The golden results with the published values beside them."""
    shutil.copytree(synthetic.GOLDEN / "results", folder / "results")
    shutil.copytree(ROOT / "results" / "published", folder / "results" / "published")
    return folder / "results"


@pytest.fixture
def root(tmp_path):
    return copy(tmp_path)


@pytest.fixture
def icip(root):
    cells = {
        f"ucf101_12-tiny-none-{h}-{p}": (a - 0.1 * (p == "clean"),) * 3
        for h, a in HEADS.items()
        for p in PAIR
    }
    return Results(synthetic.write(root, cells, folds=2), [*cells, "ucf101-vgg16-none-lstm-paper"])


PAIR = ("paper", "clean")
WEIGHTED = "attention vs. uniform weights"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of all frozen tables."""
    folder = tmp_path_factory.mktemp("written")
    tables.write(FROZEN, Results(copy(folder), CELLS, compare=synthetic.COMPARE), folder / "tables")
    return folder / "tables"


@pytest.mark.parametrize("name", FROZEN)
@pytest.mark.parametrize("suffix", ["csv", "md", "tex"])
def test_golden(written, name, suffix):
    found = (written / f"{name}.{suffix}").read_text()
    assert found == (synthetic.GOLDEN / "tables" / f"{name}.{suffix}").read_text()


@pytest.mark.parametrize("name", tables.names())
def test_every_table_stands_with_and_without_results(root, tmp_path, name):
    for shown in (CELLS, [], [synthetic.MISSING]):
        frame = tables.table(name, Results(root, shown, compare=synthetic.COMPARE))
        assert isinstance(frame, pd.DataFrame)
    assert tables.describe(name).endswith(".")


def test_a_missing_cell_has_a_row_without_numbers(root):
    frame = tables.table("grid", Results(root, CELLS))
    row = frame.iloc[-1]
    assert row["architecture"] == "two_stream" and row["attention"] == "cbam"
    assert row["family_size"] == 3
    assert row.drop([*COORDINATES, "family_size"]).isna().all()


def test_an_unknown_table_suggests_the_nearest(root):
    with pytest.raises(ValueError, match="Did you mean 'demo_grid'"):
        tables.table("demo_gird", Results(root))


def test_classes_that_do_not_exist_are_named(root):
    wrong = [{**synthetic.COMPARE["contrasts"][0], "classes": "looks"}]
    with pytest.raises(ValueError, match="Unknown classes 'looks'"):
        planned.evaluate(Results(root, CELLS, compare={**synthetic.COMPARE, "contrasts": wrong}))


def test_a_measured_table_says_what_it_is_and_whether_other_code_made_it(tmp_path):
    folder = tmp_path / "results" / "benchmarks"
    folder.mkdir(parents=True)
    (folder / "gate.csv").write_text("quantity,rate,code\nfalse alarm,0.005,0123456789abcdef\nlost,0.9,x\n")
    results = Results(tmp_path / "results", [])
    tables.write(["gate"], results, tmp_path)
    text = (tmp_path / "gate.md").read_text()
    assert text.startswith(tables.describe("gate")) and "stale made by other code" in text
    now = study_code.stamped(pd.DataFrame({"quantity": ["false alarm"], "rate": [0.005]}), "gate")
    now.to_csv(folder / "gate.csv", index=False)
    assert list(tables.table("gate", results)) == ["quantity", "rate"]


def test_rows_of_other_code_keep_their_digest_beside_new_ones():
    frame = pd.DataFrame({"rate": [1, 2], "code": ["old", None]})
    made = study_code.stamped(frame, "gate")
    assert made["code"].tolist() == ["old", study_code.digest("gate")]
    assert study_code.marked(made, "gate")["stale"].tolist() == [study_code.STALE, ""]


def test_the_digest_of_a_study_covers_what_it_imports():
    names = {path.relative_to(ROOT).as_posix() for path in study_code.code("coverage")}
    assert {"bench/studies/interval_coverage.py", "bench/analysis/noise_model.py"} <= names
    assert not any(name.startswith(study_code.MEANS) for name in names)
    assert all(study_code.code(study) for study in study_code.STUDIES)


def test_a_new_cell_appears_in_the_grid(root):
    name = "actors-tiny-newcomer-frame_average-clean"
    frame = Results(root).predictions(CELLS[0]).query("fold == 1").drop(columns=["fold", "seed", "run"])
    synthetic.write_run(root, name, 1, 0, frame, parameters=1)
    grid = tables.table("demo_grid", Results(root, [*CELLS, name])).set_index("attention")
    assert grid.loc["newcomer", "top1_difference"] == 0 and grid.loc["newcomer", "p_holm"] == 1


def test_an_unrelated_data_set_changes_no_corrected_p(root):
    """Alone in its family a comparison keeps its p; of two main effects the p are times 2 and 1."""
    names = [f"other-tiny-{a}-frame_average-clean" for a in ("none", "cbam")]
    synthetic.write(root, {names[0]: (0.5,) * 3, names[1]: (0.6,) * 3})
    grid = tables.table("grid", Results(root, [*CELLS, *names])).dropna(subset=["p"])
    alone = tables.table("grid", Results(root, CELLS)).dropna(subset=["p"])
    other, mine = grid[grid["dataset"] == "other"], grid[grid["dataset"] == "actors"]
    assert other["p_holm"].tolist() == other["p"].tolist()
    assert mine["p_holm"].tolist() == alone["p_holm"].tolist()
    low, high = sorted(mine["p"])
    assert sorted(mine["p_holm"]) == pytest.approx([min(2 * low, 1), min(max(2 * low, high), 1)])


def test_effects_leakage_and_settings_are_families_of_their_own(icip):
    module = importlib.import_module("vidattn.bench.report.tables.icip_explained")
    asked = replace(icip, compare={"settings": {"order": ["paper", "clean"]}})
    frame = tables.table("icip_explained", asked).query("dataset == 'ucf101_12'")
    families = pd.Series(module._families(frame), index=frame.index)
    assert set(families) == {("ucf101_12", x) for x in ("paper", "clean", "leakage", "order")}
    for _, part in frame.groupby(families):
        known = part.dropna(subset=["p"])
        own = known[known["judged_in"].isna()]
        corrected = pd.Series(statistics.holm(part["p"].to_numpy(float), len(part)), index=part.index)
        assert own["p_holm"].tolist() == pytest.approx(corrected[own.index].tolist()) and len(own)
        assert known["judged_in"].isin([None, "main effects", "comparisons with controls"]).all()


def test_thesis_counts_are_the_published_ones_and_a_difference_of_one_shows(root):
    complexity = {"backbone": "resnet50_v2", "attention": "cbam", "architecture": "image", "classes": 100}
    complexity |= {"size": 224, "frames": 1, "parameters": 23_943_934, "trainable": 1, "flops": 7_000_117_000}
    synthetic._json(root / "complexity" / "resnet50_v2-cbam-image.json", complexity)
    frame = tables.table("thesis_5_1", Results(root)).set_index("attention")
    assert frame.loc["cbam", "parameters_difference"] == 1 and frame.loc["cbam", "flops_difference"] == 0
    assert frame["parameters_published"].tolist() == [
        *(23_769_700, 28_395_620, 28_581_136, 28_581_136, 33_274_980, 23_943_933)
    ]
    assert frame["parameters"].isna().sum() == 5


def test_published_files_have_the_contract_s_columns_and_all_rows():
    columns = [
        "table",
        "dataset",
        "backbone",
        "attention",
        "architecture",
        "protocol",
        "metric",
        "value",
        "source",
    ]
    counts = {"thesis": {"thesis_4_2": 5, "thesis_5_1": 12, "thesis_5_2": 12, "thesis_6_1": 24}}
    counts["keras"] = {"applications": 9}
    counts["icip"] = {"icip_ucf101": 16, "icip_sports1m99": 16}
    for name, tables_ in counts.items():
        frame = pd.read_csv(ROOT / "results" / "published" / f"{name}.csv")
        assert list(frame.columns) == columns
        assert frame["table"].value_counts().to_dict() == tables_
        assert frame["value"].notna().all() and frame["source"].notna().all()


def test_published_rows_name_a_protocol_of_the_suite_that_runs_them(icip):
    """Batch 16 for ResNet50 and Xception, a protocol of its own for the 3D network; `paper` is another's."""
    suite = cells(load(ROOT / "params.yaml"), "icip_full")
    for name in ("icip_ucf101", "icip_sports1m99"):
        frame = tables.table(name, Results(icip.root, []))
        assert len(frame) == 16
        assert set(map("-".join, frame[list(COORDINATES)].to_numpy())) <= set(suite)
    gains = tables.table("icip_explained", icip).query("dataset == 'sports1m99'").set_index("backbone")
    assert set(gains.loc["vgg16", "protocol"]) == {"icip_flat"}
    assert set(gains.loc["xception", "protocol"]) == {"icip_flat_16"}


def test_the_leakage_probe_stands_in_the_table(root):
    probe = "ucf101-vgg16-none-nearest-icip_leaky"
    frame = tables.table("icip_ucf101", Results(synthetic.write(root, {probe: (0.5,) * 3}), [probe]))
    assert frame.iloc[-1]["architecture"] == "nearest" and frame.iloc[-1]["n"] > 0


def test_nothing_published_stands_beside_a_part_of_a_data_set(icip):
    frame = tables.table("icip_ucf101", icip)
    whole = frame[frame["dataset"] == "ucf101"]
    assert whole["top1"].isna().all() and whole["top1_published"].notna().sum() == 16
    part = frame[frame["dataset"] == "ucf101_12"]
    assert len(part) == 12 and part["top1"].notna().all() and part["top1_published"].isna().all()


def test_our_cell_stands_in_the_published_row_and_only_there(root):
    cell, other = (
        f"cifar100-mobilenet_v2-cbam-image-{name}" for name in ("image_shift_paper", "probe_image")
    )
    results = Results(synthetic.write(root, dict.fromkeys([cell, other], (0.7,) * 3)), [cell, other])
    frame = tables.table("thesis_6_1", results)
    row = frame[frame["protocol"] == "image_shift_paper"].query("attention == 'cbam'")
    assert row["top1_difference"].item() == pytest.approx(row["top1"].item() - 0.7376)
    assert len(frame) == 13 and frame["top1"].notna().sum() == 2
    assert frame.iloc[-1]["protocol"] == "probe_image" and pd.isna(frame.iloc[-1]["top1_published"])


def test_a_variant_with_a_body_of_its_own_is_listed_without_a_backbone(root):
    cell = "ucf101-tiny-none-conv3d_narrow-icip_conv3d"
    synthetic.write(root, {cell: (0.5,) * 3})
    named = {"architecture": {"conv3d_narrow": PlugIn("architecture", "conv3d", {"features": 8})}}
    for plugins, backbone in ((named, "none"), ({}, "tiny")):
        frame = published_beside_ours._ours(Results(root, [cell], plugins=plugins))
        assert frame["backbone"].tolist() == [backbone]


def test_a_small_prototype_has_a_row_of_its_own_that_says_how_small(root):
    cell = "cifar100-tiny-cbam-image-image_32_clean"
    frame = tables.table("thesis_6_1", Results(synthetic.write(root, {cell: (0.2,) * 3}), [cell]))
    assert len(frame) == 13 and frame["top1"].notna().sum() == 1
    row = frame.iloc[-1]
    assert (row["backbone"], row["epochs"], row["n_train"]) == ("tiny", 6, 2 * row["n"] // row["folds"])
    assert pd.isna(row["top1_published"])


def test_gains_are_the_sum_of_their_parts(icip):
    frame = tables.table("icip_explained", icip).query("dataset == 'ucf101_12'")
    for protocol, part in frame[~frame["effect"].str.startswith("leakage")].groupby("protocol"):
        value = part.set_index("effect")["top1_difference"]
        for where, parts in (
            ("after", ("readout", "scaling", WEIGHTED)),
            ("before", ("scaling", WEIGHTED)),
        ):
            parts = sum(value[f"attention {where}: {part}"] for part in parts)
            assert value[f"attention {where}: gain"] == pytest.approx(parts), protocol
    leakage = frame[frame["effect"] == "leakage: lstm"].iloc[0]
    accuracy = icip.runs.groupby("cell")["top1"].mean()
    expected = accuracy["ucf101_12-tiny-none-lstm-paper"] - accuracy["ucf101_12-tiny-none-lstm-clean"]
    assert leakage["top1_difference"] == pytest.approx(expected)


def test_published_gains_are_those_of_the_slides(icip):
    frame = tables.table("icip_explained", icip).query("dataset == 'ucf101' and backbone == 'vgg16'")
    frame = frame.set_index("effect")
    assert frame.loc["attention after: gain", "top1_published"] == pytest.approx(0.035)
    assert frame.loc["attention before: gain", "top1_published"] == pytest.approx(-0.086)
    assert frame["top1_difference"].isna().all()


def test_published_gains_that_were_not_run_stand_without_ours(icip):
    """Ten backbones and data sets, two gains each, less the one that `icip` names cells of."""
    frame = tables.table("icip_explained", icip)
    gains = frame[frame["effect"].str.endswith(": gain") & frame["cell"].isna()]
    assert len(gains) == 2 * (10 - 1) and gains["top1_difference"].isna().all()
    row = gains.query("dataset == 'sports1m99' and backbone == 'resnet50'").set_index("effect")
    assert row["top1_published"].tolist() == pytest.approx([0.660 - 0.283, 0.573 - 0.283])
    assert frame.query("dataset == 'ucf101_12'")["top1_published"].isna().all()


@pytest.mark.parametrize("name", ["spread", "training", "protocols", "icip_explained"])
def test_random_weights_stand_beside_numbers(icip, name):
    for cell in icip.ids[:-1]:
        for record in icip.records[cell]:
            record["protocol"] |= {"batch": 9, "drop_remainder": False, "encoder": "trained"}
    frame = tables.table(name, icip)
    measured = frame[frame["runs_paper" if name == "protocols" else "runs"].notna()]
    assert len(measured) and set(measured["weights"]) == {"random"}
    assert frame.drop(index=measured.index)["weights"].isna().all()


def test_two_stream_table_has_splits_and_their_mean(root):
    cells = {f"hmdb51-tiny-none-{a}-clean": (0.6,) * 3 for a in ("frame_average", "two_stream")}
    results = Results(synthetic.write(root, cells, folds=3), list(cells))
    row = tables.table("two_stream_hmdb51", results).iloc[0]
    assert row["spatial"] == pytest.approx(row[["spatial_1", "spatial_2", "spatial_3"]].mean())
    assert pd.isna(row["temporal"]) and row["fused_low"] < row["fused"] < row["fused_high"]


def test_two_stream_table_lists_what_is_planned_and_was_not_run(root):
    planned_ = [
        f"hmdb51-tiny-none-{name}-clean" for name in ("frame_average", "temporal_stream", "two_stream")
    ]
    alone = "hmdb51_arrow-tiny-none-frame_average-clean"  # single frames only
    frame = tables.table("two_stream_hmdb51", Results(root, [], planned=(*planned_, alone)))
    assert len(frame) == 1 and frame[["spatial", "temporal", "fused"]].isna().all(axis=None)
    assert tables.table("two_stream_hmdb51", Results(root, [])).empty


def test_another_architecture_that_fuses_is_not_that_of_the_two_stream_table(root, monkeypatch):
    """One of other streams, that stands before it: the table can be imported, and is what it was."""
    names, declared = plugin_files.files("architecture"), plugin_files.optional
    other = {("architecture", "a_fusion", "FUSED"): {"rgb": "lstm"}}
    monkeypatch.setattr(plugin_files, "files", lambda kind: ("a_fusion", *names))
    monkeypatch.setattr(plugin_files, "optional", lambda *what: other.get(what) or declared(*what))
    importlib.reload(two_stream_table)
    cell = "hmdb51-tiny-none-two_stream-clean"
    frame = tables.table("two_stream_hmdb51", Results(synthetic.write(root, {cell: (0.6,) * 3}), [cell]))
    assert frame["fused"].notna().tolist() == [True] and frame["spatial"].isna().all()


def test_tables_figures_and_report_need_no_framework(root, tmp_path):
    """In a process that cannot import any of them."""
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ("tensorflow", "keras", "jax", "torch", "mlflow", "cv2", "keras_cv"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from pathlib import Path
import synthetic
from vidattn.bench.regression import gate
from vidattn.bench.report import page, tables
from vidattn.bench.results.reader import Results
root, out = Path({str(root)!r}), Path({str(tmp_path)!r})
results = Results(root, {CELLS!r}, compare=synthetic.COMPARE)
tables.write(tables.names(), results, out / "tables")
page.write(results, out / "tables", out / "report.html")
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    assert (tmp_path / "report.html").stat().st_size > 100_000
    assert (tmp_path / "figures" / "forest.svg").is_file()


def test_spread_of_trainings_by_hand(tmp_path):
    cells = {"actors-tiny-none-lstm-clean": (0.25, 0.5, 0.75), "actors-tiny-none-nearest-clean": (0.5,) * 3}
    made = Results(synthetic.write(tmp_path, cells, folds=2, seeds=2))
    (row,) = tables.table("spread", made).to_dict("records")
    top1 = made.runs[made.runs["cell"] == "actors-tiny-none-lstm-clean"]["top1"].tolist()
    assert row["runs"] == len(top1) == 4
    assert (row["top1_min"], row["top1_max"]) == (min(top1), max(top1))
    assert row["deviation"] == pytest.approx(float(np.std(top1, ddof=1)))
    assert pd.isna(row["last_loss_ratio"]) and pd.isna(row["spiked"])  # the best epoch is reported


def test_runs_that_ended_while_the_loss_was_falling_are_counted(tmp_path):
    """Of three runs one hit the epoch limit so, one was stopped by patience so; the third had converged."""
    cell = "actors-tiny-none-lstm-clean"
    shutil.copytree(ROOT / "results" / "published", tmp_path / "published")
    frame = Results(synthetic.write(tmp_path, {cell: (0.5,) * 3}), [cell]).predictions(cell)
    ended = [("cap", True), ("patience", True), ("patience", False)]
    settings = {"batch": 8, "drop_remainder": False, "encoder": "trained", "epochs": 5, "select": "best"}
    for fold, (stopped, falling) in enumerate(ended, 1):
        part = frame[frame["fold"] == fold].drop(columns=["fold", "seed", "run"])
        changes = {"n_train": 80, "epochs": 5, "selected_epoch": 4, "stopped": stopped, "falling": falling}
        synthetic.write_run(tmp_path, cell, fold, 0, part, protocol=settings, **changes)
    results = Results(tmp_path, [cell])
    row = tables.table("training", results).iloc[0]
    assert (row["runs"], row["hit_epoch_limit"], row["stopped_while_improving"]) == (3, 1, 1)
    assert tables.table("grid", results)["hit_epoch_limit"].tolist() == [1]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("attention_scores", ("mass", "rank", "survives")),
        ("map_checks", ("survives",)),
        ("maps_against_grad_cam", ("mass",)),
        ("leakage_siblings", ("with_sibling", "without_sibling")),
        ("training", ("hit_epoch_limit", "stopped_while_improving")),
        ("grid", ("hit_epoch_limit", "linear_probe_top1", "under_trained")),
    ],
)
def test_columns_that_need_a_gloss_have_one_beside_their_table(name, columns):
    said = " ".join(tables.legend(name))
    assert [column for column in columns if f"`{column}`" not in said] == []


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        found = Results(copy(Path(folder)), CELLS, compare=synthetic.COMPARE)
        tables.write(list(FROZEN), found, synthetic.GOLDEN / "tables")
        shown = [synthetic.MISSING, *synthetic.CELLS]
        golden = Results(synthetic.GOLDEN / "results", shown, compare=synthetic.COMPARE)
        tables.write(["demo_grid", "grid"], golden, Path(folder) / "tables")
        page.write(golden, Path(folder) / "tables", Path(folder) / "report.html")
        shutil.copy(Path(folder) / "findings.md", synthetic.GOLDEN)

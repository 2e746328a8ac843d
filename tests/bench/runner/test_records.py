"""Records and predictions from the stored scores of a run, by hand; a new metric trains nothing."""

import json
import shutil
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.runner import metrics, records, whole

ROOT = Path(__file__).parents[3]
RUN = Run(Cell("actors", "tiny", "none", "lstm", "clean"), 2, 1)


@pytest.fixture
def place(tmp_path) -> Path:
    """A finished run of three test clips of two classes; the second is wrong."""
    folder = tmp_path / "scores"
    folder.mkdir()
    logits = np.log(np.array([[0.75, 0.25], [0.75, 0.25], [0.5, 1.5]], dtype="float32"))
    test = {"logits": logits, "labels": np.array([0, 1, 1]), "ids": np.array(["a", "b", "c"])}
    test["groups"] = np.array(["g", "g", "h"])
    np.savez(folder / "scores.npz", **{f"test_{name}": array for name, array in test.items()})
    (folder / "run.json").write_text(json.dumps({"classes": ["off", "on"], "n": 3}))
    (folder / "timing.json").write_text(json.dumps({"train_seconds": 1.5}))
    whole.seal(folder)
    return folder


def test_predictions_and_metrics_by_hand(place, tmp_path):
    record = records.write(RUN, place, tmp_path)
    name = f"{RUN.cell.id}/2-1"
    assert json.loads((tmp_path / "records" / f"{name}.json").read_text()) == record
    assert record.pop("sealed").keys() == {"predictions", "record"}
    assert record == {
        "classes": ["off", "on"],
        "n": 3,
        "metrics": {"top1": 0.666667, "top5": 1.0, "per_class": 0.75},
        "validation": {},
    }
    assert json.loads((tmp_path / "timings" / f"{name}.json").read_text()) == {"train_seconds": 1.5}
    assert (tmp_path / "predictions" / f"{name}.csv").read_text() == (
        "clip,group,label,prediction,rank,confidence\n"
        "a,g,off,off,1,0.7500\nb,g,on,off,2,0.7500\nc,h,on,on,1,0.7500\n"
    )


def test_a_new_metric_is_one_function_and_needs_no_training(place, tmp_path, monkeypatch):
    def always_one(scores, labels):
        return 1.0

    monkeypatch.setattr(metrics, "METRICS", (*metrics.METRICS, always_one))
    assert records.write(RUN, place, tmp_path)["metrics"]["always_one"] == 1.0


def test_metrics_are_in_no_key():
    from vidattn.bench.plan import run_key

    assert not any("metrics" in path.name or "runner" in path.parts for path in run_key.shared_files())


@pytest.mark.parametrize("name", records.KEPT)
def test_a_damaged_file_is_named_with_the_command_that_makes_it_again(place, tmp_path, name):
    (place / name).write_bytes(b"")
    with pytest.raises(
        ValueError, match=f"{name} has another size.*vidattn run {RUN.cell.id} --fold 2 --seed 1"
    ):
        records.write(RUN, place, tmp_path)


def test_results_of_runs_that_are_not_asked_for_any_more_go(place, tmp_path):
    records.write(RUN, place, tmp_path)
    other = Run(RUN.cell, 1, 0)
    records.write(other, place, tmp_path)
    records.keep_only([other], tmp_path)
    assert sorted(path.name for path in tmp_path.glob(f"*/{RUN.cell.id}/*")) == [
        "1-0.csv",
        "1-0.json",
        "1-0.json",
    ]


def test_a_suite_leaves_the_records_of_another_that_has_more_seeds(place, tmp_path, monkeypatch):
    """`demo` plans seed 0 of its cells, `actors` five: records of seeds 1 to 4 stay, those of none go."""
    from vidattn.bench.cli import commands

    cell = Cell("actors", "tiny", "none", "lstm", "clean")
    for seed in (0, 1, 9):
        records.write(Run(cell, 1, seed), place, tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    scores = tmp_path / "data" / "store" / "scores" / cell.id / "1-0"
    scores.parent.mkdir(parents=True)
    shutil.copytree(place, scores)
    assert commands.records(Namespace(suite="demo", params="params.yaml")) == 0
    kept = {path.stem for path in (tmp_path / "results" / "records" / cell.id).glob("*.json")}
    assert kept == {"1-0", "1-1"}

"""From clips with truth to the numbers of a cell: a small generated set, models before their training."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vidattn.bench.analysis import maps
from vidattn.bench.config import load
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.explain import checks, faithfulness, road, run_scores, sanity, score_cells, score_suite
from vidattn.bench.explain.attention_maps import Finished
from vidattn.bench.plan.run_plan import resolve
from vidattn.bench.results import study_code
from vidattn.bench.runner import store
from vidattn.bench.train.fold_data import open_inputs
from vidattn.bench.train.model import build_model
from vidattn.data import datasets
from vidattn.data.extract import frames
from vidattn.data.index import manifest

ROOT = Path(__file__).resolve().parents[3]
CELL = Cell("actors", "tiny", "cbam", "frame_average", "clean")
SMALL = {"classes": ["hold_ball", "hold_box"], "groups": 6, "clips_per_group": 1, "frames": 16, "size": 32}


@pytest.fixture(scope="module")
def params(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    made = load.load(ROOT / "params.yaml", store=str(folder))
    small = {name: replace(made.protocols[name], frames=4, size=32) for name in ("clean", "memorised")}
    made = replace(made, compare={}, datasets={**made.datasets, "actors": SMALL}, protocols=small)
    actors = datasets.load("actors")
    actors.generate(folder / "actors", SMALL)
    manifest.build(actors, folder)
    protocol = made.protocols["clean"]
    frames.extract("actors", folder, protocol.sampling, protocol.frames, protocol.size, workers=1)
    return made


@pytest.fixture
def loaded(params, monkeypatch):
    """Runs that were loaded; models are as they were before training."""
    found = []

    def finished(run, params):
        found.append(run.id)
        plan = resolve(run, params)
        inputs = open_inputs(plan)
        return Finished(plan, build_model(plan, inputs), inputs)

    monkeypatch.setattr(score_cells, "load", finished)
    monkeypatch.setattr(store, "finished", lambda plan, same_device: Path("there"))
    monkeypatch.setattr(checks, "CLIPS", 2)
    monkeypatch.setattr(sanity, "SHARES", (1.0,))  # each costs passes through the model
    monkeypatch.setattr(faithfulness, "SHARES", (0.0, 0.5, 1.0))
    monkeypatch.setattr(road, "SHARES", (0.5,))
    return found


def test_a_cell_is_scored_against_baselines_and_its_control(params, loaded):
    runs = [Run(CELL, 1, 0)]
    content = score_cells.score_cell(runs, params)
    assert json.dumps(content, allow_nan=False)
    early = content["maps"]["early"]
    mass = early["scores"]["mass"]
    assert (content["folds"], mass["n"], mass["groups"]) == (1, 4, 2)
    assert set(mass["baselines"]) == set(maps.BASELINES)
    assert mass["baselines"]["untrained"]["difference"] == 0  # nothing was trained
    assert set(early["scores"]) == {"mass", "hits", "auc", "rank", "precision", "entropy", "border"}
    assert set(early["against"]) == {"grad_cam", "grad_cam_combined"}
    assert early["against"]["grad_cam"]["mass"]["n"] == 4
    assert len(early["sanity"]["similarity"]) == 1 and early["faithfulness"]["n"] == 2
    assert {"road_most", "random_road", "road_least"} <= set(early["faithfulness"])
    assert "drop_highest" in content["maps"]["time_gradient"]["faithfulness"]
    assert (
        "labels" not in early["sanity"] and content["digests"]["permuted"] == ""
    )  # no such network is there
    control = Run(CELL.with_(attention="none"), 1, 0)
    assert loaded == [runs[0].id, control.id, runs[0].id]  # the last time for the checks


def test_scores_are_kept_until_the_truth_changes_or_they_are_damaged(params, monkeypatch):
    run, made = Run(CELL, 3, 0), []
    monkeypatch.setattr(score_cells, "load", lambda run, params: None)
    scores = {"early": {"clip": np.array(["a"]), "map/mass": np.array([0.25])}}
    monkeypatch.setattr(run_scores, "scores", lambda found: made.append(1) or scores)
    for _ in range(2):
        found = score_cells.of_run(run, params)
        assert found["early"]["map/mass"] == 0.25 and found["early"]["clip"] == "a"
    [path] = Path(params.store, "maps", CELL.id).glob("3-0-*.npz")
    path.write_bytes(path.read_bytes()[:100])
    score_cells.of_run(run, params)
    assert len(made) == 2
    truth = next(Path(params.store, "actors", "truth").glob("*.npz"))
    kept = truth.read_bytes()
    truth.write_bytes(kept + b" ")
    score_cells.of_run(run, params)
    truth.write_bytes(kept)
    assert len(made) == 3
    assert len(list(path.parent.glob("3-0-*.npz"))) == 1  # the older scores are gone


def test_clips_without_truth_are_left_out(params):
    plan = resolve(Run(CELL, 1, 0), params)
    found = Finished(plan, None, open_inputs(plan))
    truth = Path(params.store, "actors", "truth", f"{found.inputs.ids('test')[1]}.npz")
    kept = truth.read_bytes()
    truth.unlink()
    try:
        clips = run_scores.Truth(found).clips
    finally:
        truth.write_bytes(kept)
    assert len(clips) == 3 and truth.stem not in clips


def test_scores_with_a_twin_of_permuted_labels_are_kept_where_that_twin_is_not(tmp_path):
    path = tmp_path / "cell.json"
    path.write_text(json.dumps({"digests": {"runs": "a", "permuted": "b"}}))
    assert score_suite._scored(path, {"runs": "a", "permuted": ""})
    assert score_suite._scored(path, {"runs": "a", "permuted": "b"})
    assert not score_suite._scored(path, {"runs": "a", "permuted": "c"})
    assert not score_suite._scored(path, {"runs": "d", "permuted": ""})


def test_tables_mark_scores_by_the_same_files_as_they_are_made_anew():
    assert study_code.maps_digest() == score_cells._code((*score_cells.SCORES_CODE, *score_cells.CELLS_CODE))

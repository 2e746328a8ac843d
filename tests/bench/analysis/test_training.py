"""How much was trained is computed from what records say."""

import shutil

import pandas as pd
import pytest
import synthetic

from vidattn.bench.analysis import comparisons, training_facts
from vidattn.bench.report import tables
from vidattn.bench.report.figures import tradeoff
from vidattn.bench.results.reader import Results

CODED = {"encoder": "frozen", "pool": "mean", "batch": 128, "drop_remainder": True, "epochs": 60}
CODED |= {"accumulate": 1, "patience": 0, "select": "last", "head": {"gates": "legacy"}}
CELL = "ucf101_12-mobilenet_v2-none-lstm-icip_paper"


def record(n_train=630, epochs=60, **changes):
    return {"n_train": n_train, "epochs": epochs, "protocol": {**CODED, **changes}}


def test_clips_and_updates_of_a_run():
    """630 clips in batches of 128: 4 whole ones, 512 clips, 240 updates in 60 epochs."""
    coded = record()
    assert (training_facts.steps(coded), training_facts.used(coded), training_facts.updates(coded)) == (
        4,
        512,
        240,
    )
    whole = record(drop_remainder=False)
    assert (training_facts.steps(whole), training_facts.used(whole), training_facts.updates(whole)) == (
        5,
        630,
        300,
    )
    assert training_facts.updates(record(accumulate=2)) == 120


@pytest.mark.parametrize(
    ("selected", "patience", "found"),
    [(27, 3, False), (28, 3, True), (30, 3, True), (29, 0, False), (30, 0, True)],
)
def test_a_choice_near_the_last_epoch_is_told(selected, patience, found):
    """Patience 3 of 30 epochs: what is chosen at 27 ends by patience at 30, at 28 by the last epoch."""
    run = record(select="best", patience=patience) | {"selected_epoch": selected}
    run["protocol"]["epochs"] = 30
    assert training_facts.capped(run) is found
    assert not training_facts.capped(run | {"protocol": {**run["protocol"], "select": "last"}})


@pytest.mark.parametrize(
    ("stopped", "falling", "capped", "impatient"),
    [("cap", True, True, False), ("cap", False, False, False), ("patience", True, False, True)],
)
def test_a_loss_that_fell_when_training_ended_is_told(stopped, falling, capped, impatient):
    run = record(select="best") | {"selected_epoch": 3, "stopped": stopped, "falling": falling}
    assert (training_facts.capped(run), training_facts.impatient(run)) == (capped, impatient)
    told = " ".join(training_facts._cut_short({"a-b-c-lstm-p": [run, run | {"falling": False}]}))
    assert ("the last epoch allowed" in told, "patience ended" in told) == (capped, impatient)
    assert ("1 of 2 runs" in told) == (capped or impatient)


@pytest.fixture
def results(tmp_path):
    flat = CELL.replace("icip_paper", "icip_flat")
    cells = {CELL: (0.5,) * 3, flat: (0.6,) * 3}
    shutil.copytree(synthetic.GOLDEN.parents[1] / "results" / "published", tmp_path / "published")
    for cell, pool in zip(cells, ("mean", "flat")):
        frame = Results(synthetic.write(tmp_path, {cell: cells[cell]}, folds=1), [cell]).predictions(cell)
        changes = {"n_train": 630, "epochs": 60, "selected_epoch": 60, "protocol": {**CODED, "pool": pool}}
        synthetic.write_run(tmp_path, cell, 1, 0, frame.iloc[:, :6], **changes)
    return Results(tmp_path, list(cells))


def test_published_runs_and_the_other_features_stand_beside_ours(results):
    lines = training_facts.sentences(results, comparisons.cells(results).iloc[:1])
    assert "pooled features of a frozen encoder: 512 of 630 clips" in lines[0] and "240 updates" in lines[0]
    assert "4,320 updates on flat features" in lines[1] and "You and Korhonen 2020" in lines[1]
    assert lines[2].startswith("The same heads on flat features (icip_flat, 1 fold x 1 seed): lstm ")
    assert len(lines) == 3


def test_settings_say_a_protocol_by_what_differs_from_one_above(results):
    frame = tables.table("settings", results).set_index("protocol")
    assert frame["described"]["icip_flat"] == "as icip_paper, but: pool flat"
    assert (
        "batch 128" in frame["described"]["icip_paper"]
        and "head (gates legacy)" in frame["described"]["icip_paper"]
    )
    assert list(frame.columns) == ["datasets", "runs", "described", "pool"]


def test_what_a_clean_protocol_lacks_is_said(tmp_path):
    """Of the same cell, once with a defect and once without."""
    cell = CELL.replace("icip_paper", "icip_clean")
    kinds = {CELL: {**CODED, "defects": ["red and blue swapped"]}, cell: {**CODED, "defects": []}}
    synthetic.write(tmp_path, {CELL: (0.5,) * 3, cell: (0.5,) * 3}, folds=1)
    for name, protocol in kinds.items():
        frame = Results(tmp_path, [name]).predictions(name)
        synthetic.write_run(tmp_path, name, 1, 0, frame.iloc[:, :6], protocol=protocol)
    frame = tables.table("settings", Results(tmp_path, list(kinds)))
    assert frame["described"].iloc[1] == "as icip_paper, but: no defects"


def test_costs_of_a_frozen_encoder_are_said_to_be_the_heads(results):
    grid = tables.table("grid", results)
    assert grid["encoder"].tolist() == ["frozen", "frozen"] and "peak_memory_mb" not in grid
    assert "FLOPs are of the head alone" in tables.overview(results, results.ids)
    costs = pd.DataFrame({"protocol": "p", "backbone": "b", "architecture": list("xyz"), "attention": "none"})
    costs = costs.assign(flops=[1, 2, 3], top1=0.5, top1_low=0.4, top1_high=0.6, encoder="frozen")
    costs = costs.assign(n=9, folds=1, seeds=1)
    for encoder, said in (("frozen", " (head alone)"), ("trained", "")):
        panel = tradeoff.tradeoff(costs.assign(encoder=encoder), "flops").to_dict()
        titles = {layer["encoding"]["x"]["title"] for layer in panel["layer"]}
        assert panel["title"] == f"p{said}" and titles == {f"FLOPs per clip{said}"}


def test_the_table_holds_ours_and_the_published(results):
    frame = tables.table("training", results).set_index(["dataset", "protocol"])
    assert frame.loc[("ucf101_12", "icip_paper"), ["used", "n_train", "updates"]].tolist() == [512, 630, 240]
    published = frame[frame["source"].notna()]
    assert published["updates"].tolist() == [72 * 60, 582 * 60] and published["runs"].isna().all()

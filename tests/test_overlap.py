"""Cells of different splits on the clips that both tested, by hand."""

import shutil

import pandas as pd
import pytest
import synthetic

from vidattn.bench import headline, overlap, tables
from vidattn.bench.results import Results

CELL = "ucf101_12-tiny-none-{}-{}"
RUNS = {  # head, protocol -> run -> which clips are recognised
    ("lstm_attention", "paper"): ({"a": 1, "b": 1, "c": 1},),
    ("lstm", "paper"): ({"a": 0, "b": 1, "c": 0},),
    ("lstm_attention", "clean"): ({"a": 1, "b": 1, "d": 1}, {"a": 0, "b": 1, "d": 0}),
    ("lstm", "clean"): ({"a": 0, "b": 0, "d": 0}, {"a": 0, "b": 0, "d": 1}),
}


def predictions(hits):
    rows = [(clip, f"g{clip}", "bow", "bow" if hit else "nod", 1) for clip, hit in hits.items()]
    return pd.DataFrame(rows, columns=["clip", "group", "label", "prediction", "rank"])


@pytest.fixture
def results(tmp_path):
    published = synthetic.GOLDEN.parents[1] / "results" / "published"
    shutil.copytree(published, tmp_path / "published")
    for (head, protocol), runs in RUNS.items():
        for seed, hits in enumerate(runs):
            synthetic.write_run(tmp_path, CELL.format(head, protocol), 1, seed, predictions(hits))
    return Results(tmp_path)


def test_cells_are_compared_on_shared_clips(results):
    """Of attention, a: 1 against (1 + 0) / 2, b: 1 against 1; c and d were tested under one protocol only."""
    found = overlap.by_clip(results, *(CELL.format("lstm_attention", p) for p in ("paper", "clean")))
    assert found[["first", "second"]].to_numpy().tolist() == [[1, 0.5], [1, 1]]
    assert found["group"].tolist() == ["ga", "gb"] and set(found["run"]) == {0}
    assert overlap.by_clip(results, CELL.format("lstm", "paper"), CELL.format("lstm", "other")).empty


def test_leakage_of_a_gain_is_a_difference_in_differences(results, tmp_path):
    """Gains under paper: a 1, b 0; under clean a 0.5, b 1. The mean of 0.5 and -1 is -0.25, of two clips."""
    frame = tables.table("icip_explained", results).set_index("effect")
    row = frame.loc["leakage: gain of attention after"]
    assert row["top1_difference"] == pytest.approx(-0.25)
    assert (row["n"], row["groups"], row["runs"]) == (2, 2, 1)
    assert row["top1_difference_low"] < -0.25 < row["top1_difference_high"]
    assert pd.isna(row["p_trainings"]) and row["p_holm"] >= row["p"]
    assert pd.isna(frame.loc["leakage: gain of attention before", "top1_difference"])
    tables.write(["icip_explained", "protocols"], results, tmp_path / "tables")
    (told,) = [x for x in headline.over_time(tmp_path / "tables", results) if x[0].startswith("leakage")]
    assert told[:2] == ["leakage: gain of attention after", "ucf101_12, paper - clean"]
    assert told[2].startswith("-25.0 points [") and told[4:] == ["2", "1 and 2"]
    alone = [x for x in headline.protocols(tmp_path / "tables", results) if x[0].startswith("leakage alone")]
    assert [x[4] for x in alone] == ["2"]  # heads: the gain is none

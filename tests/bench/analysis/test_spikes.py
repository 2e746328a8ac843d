"""Trainings that end in a spike of the loss, by hand numbers."""

import math

import pytest
import synthetic

from vidattn.bench.analysis import loss_spikes
from vidattn.bench.report import findings, tables
from vidattn.bench.results.reader import Results

CELL = "ucf101_12-tiny-none-lstm-icip_paper"


def record(*loss, select="last"):
    return {"history": {"loss": list(loss)}, "protocol": {"select": select, "epochs": len(loss)}}


@pytest.mark.parametrize(
    ("loss", "ratio", "found"),
    [((9.0, 0.02, 0.4), 20, False), ((9.0, 0.02, 0.41), 20.5, True), ((1.0, 0.0, 0.0001), 100, True)],
)
def test_a_spike_is_more_than_twenty_times_the_loss_before(loss, ratio, found):
    """A loss that was rounded to zero counts as the millionth that records can tell."""
    assert loss_spikes.last_ratio(record(*loss)) == pytest.approx(ratio)
    assert loss_spikes.spiked(record(*loss)) is found


def test_only_a_reported_last_epoch_can_be_a_spike():
    for harmless in (record(0.01, 5.0, select="best"), record(5.0), {}):
        assert math.isnan(loss_spikes.last_ratio(harmless)) and not loss_spikes.spiked(harmless)


def test_table_findings_and_sentence_count_the_spiked_runs(tmp_path):
    """Two of three runs: 0.02 to 0.5 is 25 times, 0.01 to 3 is 300 times."""
    results = Results(synthetic.write(tmp_path, {CELL: (0.5,) * 3}), [CELL])
    frame = results.predictions(CELL)
    for fold, loss in enumerate(((1.0, 0.9), (0.02, 0.5), (0.01, 3.0)), start=1):
        mine = frame[frame["fold"] == fold].drop(columns=["fold", "seed", "run"])
        synthetic.write_run(tmp_path, CELL, fold, 0, mine, **record(*loss))
    results = Results(tmp_path, [CELL])
    (row,) = tables.table("spread", results).to_dict("records")
    assert row["last_loss_ratio"] == pytest.approx(300) and row["spiked"] == 2
    tables.write(["spread"], results, tmp_path / "tables")
    assert findings.variation(tmp_path / "tables")[0][-1] == "2 of 3"
    (line,) = loss_spikes.sentences(results.records)
    assert line.startswith("2 of 3 runs ended in a spike: ") and line.endswith(": lstm 2 of 3.")
    assert loss_spikes.sentences({CELL: results.records[CELL][:1]}) == []

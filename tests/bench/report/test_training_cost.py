"""What an attention costs, against the same model without, by hand."""

import json

import pytest

from vidattn.bench.report.tables import training_cost
from vidattn.bench.results.reader import Results

CSV = """model,size,frames,latency_ms,batch,batch_mb,batch_seconds
tiny-none-lstm-12,64,8,2.0,8,500,0.2
tiny-cbam-lstm-12,64,8,3.0,8,550,0.5
tiny-cbam-image-12,64,,1.0,8,400,0.1
"""


@pytest.fixture
def results(tmp_path):
    for folder in ("benchmarks", "complexity"):
        (tmp_path / folder).mkdir()
    (tmp_path / "benchmarks" / "costs.csv").write_text(CSV)
    for number, line in enumerate(CSV.splitlines()[1:]):
        record = {"parameters": 1, "flops": 1000 * (2 + number), "classes": 12}
        record |= dict(zip(("backbone", "attention", "architecture"), line.split(",")[0].split("-")))
        (tmp_path / "complexity" / f"{line.split(',')[0]}.json").write_text(json.dumps(record))
    return Results(tmp_path, [])


def test_an_attention_is_set_against_the_same_model_without(results):
    frame = training_cost.table(results, {})
    assert len(frame) == 1  # nothing was measured beside the third
    row = frame.iloc[0]
    assert (row["attention"], row["architecture"], row["classes"]) == ("cbam", "lstm", 12)
    relative = [row[f"{name}_relative"] for name in ("step_seconds", "memory_mb", "latency_ms", "step_flops")]
    assert relative == pytest.approx([2.5, 1.1, 1.5, 1.5])
    assert row["step_flops"] == 3 * 8 * 3000


def test_measurements_of_an_older_form_lack_the_time_alone(results):
    path = results.root / "benchmarks" / "costs.csv"
    path.write_text("\n".join(line.rpartition(",")[0] for line in CSV.splitlines()))
    row = training_cost.table(results, {}).iloc[0]
    assert row["step_seconds_relative"] != row["step_seconds_relative"] and row["memory_mb_relative"] == 1.1

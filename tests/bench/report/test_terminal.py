"""What a terminal is told after a run, and of cells by name."""

import shutil

import pytest
import synthetic

from vidattn.bench.report import terminal
from vidattn.bench.results.reader import Results

NONE, CBAM, *_ = synthetic.CELLS


@pytest.fixture(scope="module")
def results():
    return Results(synthetic.GOLDEN / "results", [*synthetic.CELLS, synthetic.MISSING])


def test_two_cells_are_compared_on_the_same_clips(results):
    text = terminal.compared(results, CBAM, NONE)
    frame = results.predictions(CBAM).merge(results.predictions(NONE), on=["run", "clip"])
    gap = (frame["prediction_x"] == frame["label_x"]).mean() - (
        frame["prediction_y"] == frame["label_y"]
    ).mean()
    assert f"difference {100 * gap:+.1f} points [" in text and f"{len(frame):,} predictions" in text
    assert "3 training runs per arm" in text and "1,271,535" in text  # FLOPs: 12,345 x 103


def test_a_cell_says_how_it_stands_against_its_control(results, tmp_path):
    line = terminal.against_control(results, CBAM)
    assert "points" in line and f"against {NONE}" in line and "FLOPs 1.27 M against 1.23 M" in line
    assert terminal.against_control(results, NONE) == ""
    time = "actors-tiny-none-lstm_attention-clean"
    assert "vidattn run actors-tiny-none-lstm_uniform-clean" in terminal.against_control(results, time)


def test_a_run_ends_with_the_accuracy_of_its_cell(results):
    first, second = terminal.ended(results, CBAM).splitlines()
    folds = [record["metrics"]["top1"] for record in results.records[CBAM]]
    assert first.startswith(f"top-1 {100 * sum(folds) / 3:.1f} % [") and first.endswith("mean of 3 runs")
    assert second == terminal.against_control(results, CBAM)
    assert terminal.ended(results, NONE).endswith("cells with one are measured against it.")


def test_a_cell_is_shown_with_what_it_confuses(results):
    text = terminal.shown(results, CBAM)
    assert text.startswith(CBAM) and f"records/{CBAM}/1-0.json" in text and "val_top1 of 1-0: " in text
    assert ("top5" in text) == (results.predictions(CBAM)["label"].nunique() > 5)
    values = results.records[CBAM][0]["history"]["val_top1"]
    assert f"{min(values):.3f} to {max(values):.3f}, last {values[-1]:.3f}" in text
    frame = results.predictions(CBAM)
    bow = frame[frame["label"] == "bow"]
    assert f"{100 * (bow['prediction'] == 'bow').mean():3.0f} % of {len(bow)} bow" in text


def test_what_was_not_run_is_said_with_the_command(results):
    for told in (
        lambda: terminal.shown(results, synthetic.MISSING),
        lambda: terminal.compared(results, CBAM, synthetic.MISSING),
    ):
        with pytest.raises(ValueError, match=f"vidattn run {synthetic.MISSING}"):
            told()


def test_a_cell_is_not_compared_with_itself(results):
    with pytest.raises(ValueError, match="with itself"):
        terminal.compared(results, CBAM, CBAM)


def test_cells_are_paired_by_fold_whatever_their_seeds(tmp_path):
    for cell, fold, seed in ((CBAM, 1, 0), (NONE, 1, 1), (synthetic.MISSING, 2, 0)):
        predictions = synthetic._predict(cell, (0.5,) * 3, fold, seed, groups=4, clips=2)
        synthetic.write_run(tmp_path, cell, fold, seed, predictions)
    results = Results(tmp_path)
    assert "1 training run per arm" in terminal.compared(results, CBAM, NONE)
    with pytest.raises(ValueError, match="have no fold with the same test clips"):
        terminal.compared(results, CBAM, synthetic.MISSING)
    shutil.rmtree(tmp_path / "records" / NONE)
    moved = synthetic._predict(NONE, (0.5,) * 3, 3, 0, groups=4, clips=2)
    synthetic.write_run(tmp_path, NONE, 3, 0, moved)
    line = terminal.against_control(Results(tmp_path), CBAM)
    assert line == f"Its control has no fold with the same test clips: vidattn run {NONE}"

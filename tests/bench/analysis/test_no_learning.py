"""Trainings that learned nothing, by hand numbers: guessing among six classes has a loss of 1.7918."""

import shutil
from pathlib import Path

import pytest
import synthetic

from vidattn.bench.analysis import against_controls, claims, comparisons, main_effects, no_learning, planned
from vidattn.bench.report import findings, sentences
from vidattn.bench.report.tables import claims as claims_table
from vidattn.bench.results.reader import Results

ROOT = Path(__file__).resolve().parents[3]

ARCHITECTURES = ("lstm", "frame_average")


def record(*loss, classes=6):
    return {"history": {"loss": list(loss)}, "classes": [str(i) for i in range(classes)]}


def unlearn(root, cell):
    """Give all runs of a cell the loss of guessing."""
    before = Results(root)
    for made in before.records[cell]:
        frame = before.predictions(cell).query("fold == @made['fold'] and seed == @made['seed']")
        frame = frame.drop(columns=["fold", "seed", "run"])
        synthetic.write_run(root, cell, made["fold"], made["seed"], frame, history={"loss": [1.80, 1.79]})


@pytest.mark.parametrize(
    ("loss", "classes", "learned"),
    [
        ((2.5, 1.80, 1.79), 6, False),
        ((2.5, 1.77, 1.79), 6, True),
        ((0.70, 0.69), 2, False),
        ((float("nan"), float("nan")), 2, False),
        ((), 6, True),
    ],
)
def test_a_run_learned_where_its_loss_fell_below_guessing(loss, classes, learned):
    assert no_learning.learned(record(*loss, classes=classes)) is learned


def test_half_of_the_runs_are_enough():
    good, bad = record(1.0), record(1.8)
    assert no_learning.usable([good, bad]) and not no_learning.usable([good, bad, bad])


def test_models_whose_control_learned_nothing_are_left_out_of_an_effect(tmp_path):
    """CBAM gains 0.1 on one model and loses 0.2 on another, which learned nothing without it."""
    names = {
        f"actors-tiny-{attention}-{architecture}-clean": (top,) * 3
        for architecture, tops in zip(ARCHITECTURES, ((0.6, 0.7), (0.5, 0.3)))
        for attention, top in zip(("none", "cbam"), tops)
    }
    root = synthetic.write(tmp_path, names, folds=3, seeds=2, groups=10, clips=2)
    before = main_effects.table(Results(root)).iloc[0]
    assert before["models"] == 2 and before["left_out"] == 0
    cell = "actors-tiny-none-frame_average-clean"
    unlearn(root, cell)
    results = Results(root)
    after = main_effects.table(results).iloc[0]
    assert (after["models"], after["left_out"]) == (1, 1)
    assert after["difference"] > before["difference"]
    assert findings.effects(main_effects.table(results))[0][3] == "1 (1 left out)"
    (line,) = no_learning.sentences({cell: results.records[cell]})
    assert line.startswith("6 of 6 runs learned nothing") and line.endswith(": frame_average 6 of 6.")
    assert no_learning.sentences({cell: [record(1.0)]}) == []


def test_a_difference_to_a_control_that_learned_nothing_excludes_nothing(tmp_path):
    pair = {"actors-tiny-none-lstm-clean": (0.5,) * 3, "actors-tiny-cbam-lstm-clean": (0.5,) * 3}
    root = synthetic.write(tmp_path, pair, folds=3, seeds=2, groups=10, clips=2)
    control, cell = pair
    compare = {"contrasts": [{"name": "one", "cell": cell, "control": control}]}
    assert planned.evaluate(Results(root, compare=compare))["verdict"].tolist() == ["not significant"]
    unlearn(root, control)
    frame = planned.evaluate(Results(root, compare=compare))
    assert frame["verdict"].tolist() == [no_learning.VERDICT]
    versus = against_controls.versus(Results(root), [(cell, control)])
    (block,) = sentences.summarise(Results(root), versus, frame)
    said = "no conclusion, since the control learned nothing"
    assert sum(said in line for line in block["sentences"]) == 2  # of the comparison, and of the attention
    (row,) = findings.attention(versus)
    assert row[2] == "tiny / lstm (left out)" and set(row[3:]) == {"-"}


def test_cell_by_cell_a_model_whose_control_learned_nothing_is_left_out(tmp_path):
    top1 = {"none-lstm": 0.5, "cbam-lstm": 0.5, "none-two_stream": 0.3, "cbam-two_stream": 0.9}
    cells = {f"actors-tiny-{name}-clean": (value,) * 3 for name, value in top1.items()}
    root = synthetic.write(tmp_path, cells, folds=3, seeds=2, groups=10, clips=2)

    def row():
        results = Results(root)
        (found,) = findings.attention(against_controls.versus(results, comparisons.against_none(results)))
        return found

    assert row()[2] == "tiny / lstm, two_stream" and row()[-1] == "2"
    unlearn(root, "actors-tiny-none-two_stream-clean")
    assert row()[2] == "tiny / lstm (1 left out)" and row()[-3:] == ["0", "0", "1"]


def test_a_statement_whose_control_learned_nothing_is_open_and_says_so(tmp_path):
    pair = {"actors-tiny-none-lstm-clean": (0.5,) * 3, "actors-tiny-cbam-lstm-clean": (0.9,) * 3}
    root = synthetic.write(tmp_path, pair, folds=3, seeds=2, groups=10, clips=2)
    control, cell = pair
    shutil.copytree(ROOT / "results/published", root / "published", dirs_exist_ok=True)

    def helps():
        frame = claims.table(Results(root, list(pair)))
        return frame[frame["claim"] == "CBAM helps"]

    assert helps()["verdict"].tolist() == ["confirmed"]
    unlearn(root, control)
    assert helps()["verdict"].tolist() == ["open: control learned nothing"]
    (row,) = claims_table.in_words(helps())
    assert row[3] == "0 of 1" and row[-1] == "open: control learned nothing" and len(row) == 10


def test_what_is_planned_under_a_protocol_without_records_counts(tmp_path):
    pair = {"actors-tiny-none-lstm-clean": (0.5,) * 3, "actors-tiny-cbam-lstm-clean": (0.6,) * 3}
    root = synthetic.write(tmp_path, pair, folds=3, seeds=2, groups=10, clips=2)
    cells = (*pair, *(name.replace("-clean", "-longer") for name in pair))

    def effect(**protocols):
        return main_effects.table(Results(root, planned=cells, protocols=protocols)).iloc[0]

    alone, both = effect(), effect(longer={"kind": "clean"})
    assert alone["p"] == both["p"] and both["p_holm"] == pytest.approx(min(2 * alone["p_holm"], 1))
    assert effect(longer={"kind": "paper"})["p_holm"] == alone["p_holm"]

"""Trainings that learned nothing, by hand numbers: guessing among six classes has a loss of 1.7918."""

import pytest
import synthetic

from vidattn.bench.analysis import main_effects, no_learning
from vidattn.bench.report import findings
from vidattn.bench.results.reader import Results

ARCHITECTURES = ("lstm", "frame_average")


def record(*loss, classes=6):
    return {"history": {"loss": list(loss)}, "classes": [str(i) for i in range(classes)]}


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
    for made in Results(root).records[cell]:
        frame = Results(root).predictions(cell).query("fold == @made['fold'] and seed == @made['seed']")
        frame = frame.drop(columns=["fold", "seed", "run"])
        synthetic.write_run(root, cell, made["fold"], made["seed"], frame, history={"loss": [1.80, 1.79]})
    results = Results(root)
    after = main_effects.table(results).iloc[0]
    assert (after["models"], after["left_out"]) == (1, 1)
    assert after["difference"] > before["difference"]
    assert findings.effects(main_effects.table(results))[0][2] == "1 (1 left out)"
    (line,) = no_learning.told({cell: results.records[cell]})
    assert line.startswith("6 of 6 runs learned nothing") and line.endswith(": frame_average 6 of 6.")
    assert no_learning.told({cell: [record(1.0)]}) == []

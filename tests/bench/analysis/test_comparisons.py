"""Comparisons of cells, worked out by hand; runs that cannot be used are named and left out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import synthetic

from vidattn.bench.analysis import comparisons, contrasts, floors, main_effects, planned, samples
from vidattn.bench.config.plugin_files import PlugIn
from vidattn.bench.report import leaderboard
from vidattn.bench.results.reader import Results

CONTROL, CELL = "actors-tiny-none-lstm-clean", "actors-tiny-cbam-lstm-clean"
COLUMNS = ["clip", "group", "label", "prediction", "rank"]


def recognised(right, count=10, prefix="c"):
    """Clips of one class, one a group, of which the first so many are recognised."""
    rows = [(f"{prefix}{i}", f"g{i}", "bow", "bow" if i < right else "nod", 1) for i in range(count)]
    return pd.DataFrame(rows, columns=COLUMNS)


def write(root, scores):
    """Runs of {cell: {fold: how many of ten clips each seed recognised}}."""
    for cell, folds in scores.items():
        for fold, values in folds.items():
            for seed, right in enumerate(values):
                synthetic.write_run(root, cell, fold, seed, recognised(right))
    return Results(root)


def test_the_mean_is_over_folds_and_seeds(tmp_path):
    results = write(tmp_path, {CELL: {1: [4, 6], 2: [8, 8]}})
    row = comparisons.cells(results).iloc[0]
    assert row["top1"] == pytest.approx(0.65) == contrasts.accuracy(results, CELL).value
    assert row["top1_low"] < 0.65 < row["top1_high"] and row["run_variance"] == "own seeds"


def test_a_difference_has_the_variance_of_its_model(tmp_path):
    """Two folds, two seeds; by hand from the model's formula, of clips that either have their seeds' mean."""
    results = write(tmp_path, {CELL: {1: [6, 8], 2: [9, 7]}, CONTROL: {1: [5, 5], 2: [4, 6]}})
    found = contrasts.paired(results, {CELL: 1.0, CONTROL: -1.0})
    assert found.value == pytest.approx(0.75 - 0.5) and (found.n, found.groups) == (40, 10)
    gaps = [np.r_[[0] * 5, 1, 0.5, 0.5, 0, 0], np.r_[[0] * 4, 0.5, 0.5, 1, 0.5, 0.5, 0]]
    clips = np.var(sum(gaps) / 2, ddof=1) / 10
    assert found.error**2 >= clips - 1e-12
    same = contrasts.paired(results, {CONTROL: -1.0, CELL: 1.0})
    assert same == found


def test_arms_may_have_other_numbers_of_seeds(tmp_path):
    results = write(tmp_path, {CELL: {1: [6, 8, 7], 2: [9]}, CONTROL: {1: [5], 2: [4, 6], 3: [9]}})
    found = contrasts.paired(results, {CELL: 1.0, CONTROL: -1.0})
    assert found.value == pytest.approx((0.7 - 0.5 + 0.9 - 0.5) / 2) and found.judged
    assert comparisons.trainings(results, CELL, CONTROL) == {"folds": 2, "seeds": 1, "runs": 2}


def test_runs_of_a_random_split_are_draws_of_their_own(tmp_path):
    """Fold and seed draw the test clips: nothing is left out, and every draw is paired with itself alone."""
    drawn = {"protocol": {"kind": "paper", "split": "random"}}
    for cell, scores in ((CELL, (6, 8, 4)), (CONTROL, (5, 5, 5))):
        for seed, (right, prefix) in enumerate(zip(scores, "cde")):
            synthetic.write_run(tmp_path, cell, 1, seed, recognised(right, prefix=prefix), **drawn)
    results = Results(tmp_path)
    assert samples.notes(results) == []
    row = comparisons.cells(results).assign(cell=results.ids).set_index("cell").loc[CELL]
    assert (row["folds"], row["seeds"], row["n"]) == (3, 1, 30) and row["top1"] == pytest.approx(0.6)
    assert "from folds" in row["run_variance"]
    assert comparisons.trainings(results, CELL, CONTROL) == {"folds": 3, "seeds": 1, "runs": 3}
    found = contrasts.paired(results, {CELL: 1.0, CONTROL: -1.0})
    assert found.value == pytest.approx(0.1) and found.n == 30 and found.judged


def test_one_run_of_each_cell_has_no_interval_and_says_why(tmp_path):
    results = write(tmp_path, {CELL: {1: [6]}, CONTROL: {1: [5]}})
    row = comparisons.versus(results, [(CELL, CONTROL)]).iloc[0]
    assert row["difference"] == pytest.approx(0.1) and np.isnan(row["difference_low"])
    assert np.isnan(row["p"]) and np.isnan(row["p_holm"]) and np.isnan(row["detectable"])
    assert row["run_variance"] == "unknown: one run of each cell"


def test_one_seed_takes_the_run_variance_of_its_protocol(tmp_path):
    peer = CELL.replace("lstm", "frame_average")
    results = write(tmp_path, {CELL: {1: [6]}, CONTROL: {1: [5]}, peer: {1: [2, 9]}})
    row = comparisons.versus(results, [(CELL, CONTROL)]).iloc[0]
    assert row["run_variance"] == "pooled over 1 cell of the protocol" and row["difference_low"] < 0.1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("no predictions", "it has no predictions"),
        ("other clips", "it was tested on other clips than run 1-0"),
    ],
)
def test_a_run_that_cannot_be_used_is_named_and_left_out(tmp_path, change, said):
    write(tmp_path, {CELL: {1: [6, 5], 2: [7, 7]}, CONTROL: {1: [5, 5], 2: [5, 5]}})
    if change == "no predictions":
        (tmp_path / "predictions" / CELL / "1-1.csv").unlink()
    else:
        synthetic.write_run(tmp_path, CELL, 1, 1, recognised(5, prefix="d"))
    results = Results(tmp_path)
    (note,) = samples.notes(results)
    assert note == f"{CELL}, run 1-1: {said}. Left out of every mean and comparison."
    cells = comparisons.cells(results).assign(cell=results.ids).set_index("cell")
    assert cells.loc[CELL, "top1"] == pytest.approx((0.6 + 0.7) / 2) and cells.loc[CELL, "n"] == 30
    assert contrasts.paired(results, {CELL: 1.0, CONTROL: -1.0}).value == pytest.approx(0.15)


def test_cells_of_other_clips_are_not_paired(tmp_path):
    write(tmp_path, {CELL: {1: [6, 5]}})
    for seed in (0, 1):
        synthetic.write_run(tmp_path, CONTROL, 1, seed, recognised(5, prefix="d"))
    found = contrasts.paired(Results(tmp_path), {CELL: 1.0, CONTROL: -1.0})
    assert np.isnan(found.value) and found.n == 0


def test_cells_of_two_splits_are_compared_on_shared_clips(tmp_path):
    """a: 1 against (1 + 0) / 2, b: 1 against 1; c and d were tested under one protocol only."""
    cells = [f"ucf101_12-tiny-none-lstm-{name}" for name in ("paper", "clean")]
    runs = {
        cells[0]: ({"a": 1, "b": 1, "c": 1},),
        cells[1]: ({"a": 1, "b": 1, "d": 1}, {"a": 0, "b": 1, "d": 0}),
    }
    for cell, parts in runs.items():
        for seed, hits in enumerate(parts):
            rows = [(clip, f"g{clip}", "bow", "bow" if hit else "nod", 1) for clip, hit in hits.items()]
            synthetic.write_run(tmp_path, cell, 1, seed, pd.DataFrame(rows, columns=COLUMNS))
    found = contrasts.unpaired(Results(tmp_path), dict(zip(cells, (1.0, -1.0))))
    assert found.value == pytest.approx(0.25) and (found.n, found.groups) == (2, 2)
    other = contrasts.unpaired(Results(tmp_path), {cells[0]: 1.0, "ucf101_12-tiny-none-lstm-other": -1.0})
    assert other.n == 0 and np.isnan(other.value)


def test_improvement_needs_ten_seeds_and_is_within_folds(tmp_path):
    """Fold 1: always one clip better; fold 2: never."""
    better = {1: [6] * 10, 2: [3] * 10}
    results = write(tmp_path, {CELL: better, CONTROL: {1: [5] * 10, 2: [4] * 10}})
    assert comparisons.versus(results, [(CELL, CONTROL)])["improvement"].item() == 0.5
    few = write(tmp_path / "few", {CELL: {1: [6] * 9}, CONTROL: {1: [5] * 9}})
    assert np.isnan(comparisons.versus(few, [(CELL, CONTROL)])["improvement"].item())


def test_families_count_what_is_planned_and_not_what_was_run(tmp_path):
    results = write(tmp_path, {CELL: {1: [9, 8], 2: [9, 9]}, CONTROL: {1: [2, 3], 2: [3, 2]}})
    absent = [name.replace("lstm", "two_stream") for name in (CELL, CONTROL)]
    alone = comparisons.versus(results, [(CELL, CONTROL)]).iloc[0]
    both = comparisons.versus(Results(tmp_path, planned=(CELL, CONTROL, *absent)), [(CELL, CONTROL)]).iloc[0]
    assert alone["p_holm"] == alone["p"] and both["p_holm"] == pytest.approx(2 * both["p"])
    assert (alone["family_size"], both["family_size"]) == (1, 2) and both["detectable"] > alone["detectable"]


def test_a_main_effect_is_the_mean_over_architectures(tmp_path):
    other = [name.replace("lstm", "two_stream") for name in (CELL, CONTROL)]
    scores = {CELL: {1: [9, 8]}, CONTROL: {1: [2, 3]}, other[0]: {1: [5, 5]}, other[1]: {1: [4, 4]}}
    results = write(tmp_path, scores)
    effect = main_effects.table(results).iloc[0]
    assert effect["difference"] == pytest.approx((0.6 + 0.1) / 2) and effect["models"] == 2
    assert effect["difference_low"] < 0.35 < effect["difference_high"] and effect["p_holm"] == effect["p"]
    both = main_effects.table(Results(tmp_path, planned=(*results.ids, CELL.replace("cbam", "l2pa")))).iloc[0]
    assert both["p_holm"] == pytest.approx(2 * both["p"])  # another attention is planned, and was not run


def test_a_control_is_no_attention_and_counts_in_no_family(tmp_path):
    other = CELL.replace("cbam", "multilevel")
    write(tmp_path, {CELL: {1: [9, 8]}, CONTROL: {1: [2, 3]}, other: {1: [5, 6]}})
    every = main_effects.table(Results(tmp_path)).set_index("attention")
    assert set(every.index) == {"cbam", "multilevel"}
    compare = {"controls": ["multilevel"]}
    effect = main_effects.table(Results(tmp_path, planned=(other, CELL), compare=compare))
    assert effect["attention"].tolist() == ["cbam"] and effect["p_holm"].item() == effect["p"].item()
    assert every.loc["cbam", "p_holm"] == pytest.approx(2 * every.loc["cbam", "p"])


def test_a_variant_has_the_control_of_its_plug_in(tmp_path):
    """In the main effects and in the leaderboard, where it stands beside its own control."""
    narrow = {"units": 4}
    named = {
        "after_narrow": PlugIn("architecture", "lstm_attention", narrow),
        "uniform_narrow": PlugIn("architecture", "lstm_uniform", narrow),
    }
    cell, control = (CONTROL.replace("lstm", name) for name in named)
    write(tmp_path, {cell: {1: [9, 8]}, control: {1: [2, 3]}})
    results = Results(tmp_path, plugins={"architecture": named})
    effect = main_effects.table(results).iloc[0]
    assert (effect["attention"], effect["models"]) == ("after_narrow", 1)
    frame = leaderboard.table(results).set_index("cell")
    assert frame.loc[cell, "control"] == control and frame.loc[cell, "difference"] == pytest.approx(0.6)
    assert main_effects.table(Results(tmp_path)).empty


def test_contrasts_are_corrected_within_the_families_of_params(tmp_path):
    """Of a cell and another that is not its control: no other part has these."""
    other = CONTROL.replace("lstm", "frame_average")
    scores = {CELL: {1: [9, 8], 2: [9, 9]}, other: {1: [2, 3], 2: [3, 2]}}
    one = {"name": "a", "cell": CELL, "control": other, "family": "mine", "planned": True}
    absent = {**one, "name": "b", "cell": CELL.replace("lstm", "image")}
    contrasts = [one, absent, {"name": "c", "cell": other, "control": CELL}]
    frame = planned.evaluate(replace(write(tmp_path, scores), compare={"contrasts": contrasts}))
    assert frame["verdict"].tolist() == ["higher", "not run", "lower"]
    assert frame["p_holm"][0] == pytest.approx(2 * frame["p"][0]) and frame["p_holm"][2] == frame["p"][2]
    assert frame["family"].tolist() == ["mine", "mine", "actors, clean"] and not frame["planned"][2]


def test_a_head_significantly_below_logistic_regression_is_under_trained(tmp_path):
    cells = [f"ucf101_12-tiny-none-{name}-icip_clean" for name in ("lstm", "mean_linear", "logistic_probe")]
    scores = dict(zip(cells, ({1: [2, 3], 2: [3, 2]}, {1: [8, 9], 2: [9, 8]}, {1: [9, 9], 2: [9, 9]})))
    frame = floors.table(write(tmp_path, scores)).set_index("cell")
    assert frame["under_trained"].tolist() == [True, False] and set(frame["floor"]) == {cells[2]}
    assert frame.loc[cells[0], "difference"] == pytest.approx(0.25 - 0.9)
    assert not comparisons.probe(comparisons.cells(Results(tmp_path))).any()

"""The gate on whole results folders, as `vidattn bench gate` asks it; trainings are invented here."""

import numpy as np
import pytest
import synthetic

from vidattn.bench import check, reference, reruns
from vidattn.bench.results import Results

CELL = next(iter(synthetic.CELLS))


@pytest.fixture
def roots(tmp_path):
    """Four seeds of one cell, each in a results folder of its own."""
    found = []
    for seed in range(4):
        root = synthetic.write(tmp_path / "all", {CELL: (0.8,) * 3}, seeds=4, groups=10, clips=3)
        frame = Results(root).predictions(CELL).query("seed == @seed")
        for fold, part in frame.groupby("fold"):
            part = part.drop(columns=["fold", "seed", "run"])
            synthetic.write_run(tmp_path / str(seed), CELL, fold, seed, part)
        found.append(tmp_path / str(seed))
    return found


def test_a_share_of_all_predictions_is_lost(roots):
    before = Results(roots[0]).predictions(CELL)
    reruns.lose(roots[0], 0.1, 0)
    after = Results(roots[0]).predictions(CELL)
    right = [frame["label"] == frame["prediction"] for frame in (before, after)]
    assert right[0].sum() - right[1].sum() == round(0.1 * len(before)) and not (right[1] & ~right[0]).any()


def test_every_question_gets_its_rate(roots):
    table = reruns.table(roots).set_index("quantity")
    assert table["trials"].tolist() == [3, 1, 3, 3, 3, 3]
    assert table.loc["10 points lost under the same seed", "rate"] == 1
    assert table.loc["other seeds against the first seed", "nominal"] == check.ALPHA
    assert (table["rate_low"] <= table["rate"]).all() and (table["top1_min"] < table["top1_max"]).all()


def test_the_same_folder_passes_and_a_loss_fails(roots):
    assert not reruns._fails(roots[0], roots[0])
    assert reruns._fails(roots[0], roots[0], 0.1)
    accepted = reference.make(Results(roots[0]), "", errors=False)
    assert check.compare(Results(roots[0]), accepted).code == 0, "the folder itself must stay as it was"
    assert np.isfinite(accepted["top1"]).all()

"""Exact on the reference's kind of device, over seeds elsewhere; what is accepted is merged."""

import json

import numpy as np
import pandas as pd
import pytest
import synthetic

from vidattn.bench.regression import gate, reference
from vidattn.bench.results.reader import Results

CELL, OTHER = list(synthetic.CELLS)[:2]
SEEDS, NEW = range(30), range(30, 33)


def run(root, cell, seed, right, fold=1, device="cpu", confidence=0.5):
    """One run on a hundred clips of ten groups, of which the first `right` are recognised."""
    labels = np.resize(synthetic.CLASSES, 100)
    columns = {"clip": [f"c{i:02d}" for i in range(100)], "group": [f"g{i % 10}" for i in range(100)]}
    predictions = np.where(np.arange(100) < right, labels, "nothing")
    frame = pd.DataFrame({**columns, "label": labels, "prediction": predictions, "rank": 1})
    synthetic.write_run(root, cell, fold, seed, frame.assign(confidence=confidence), device=device)


def check(root, cells=(CELL,), planned=None):
    accepted = reference.read(root / "reference.csv")
    return gate.compare(Results(root, list(cells)), accepted, planned=planned)


def only(report):
    (row,) = report.rows[report.rows["cell"] == CELL].itertuples()
    return row


@pytest.fixture
def accepted(tmp_path):
    run(tmp_path, CELL, 0, 70)
    gate.accept(Results(tmp_path), "first")
    return tmp_path


def test_one_digit_of_one_confidence_is_a_change_on_the_same_device(accepted):
    run(accepted, CELL, 0, 70, confidence=0.5001)
    report = check(accepted)
    assert report.code == 1 and only(report).status == "changed: predictions of run 1-0"
    assert only(report).top1_difference == 0, "the test says how large"


def test_another_curve_is_a_change_though_every_prediction_is_the_same(accepted):
    path = accepted / "records" / CELL / "1-0.json"
    record = json.loads(path.read_text())
    record["history"]["loss"][0] += 1e-6
    path.write_text(json.dumps(record))
    assert check(accepted).code == 1


@pytest.mark.parametrize(("right", "status", "code"), [(70, "ok", 0), (30, "lower", 1)])
def test_other_bits_of_another_device_are_judged_by_the_test_alone(accepted, right, status, code):
    run(accepted, CELL, 0, right, device="another", confidence=0.5001)
    report = check(accepted)
    assert (only(report).status, report.code) == (status, code) and report.alpha == gate.ALPHA


def test_the_same_bits_of_another_device_are_identical(accepted):
    run(accepted, CELL, 0, 70, device="another")
    assert only(check(accepted)).status == "identical"


def test_what_other_suites_accepted_stays_and_what_none_plans_goes(accepted):
    run(accepted, OTHER, 0, 50)
    run(accepted, OTHER, 1, 50)
    path = gate.accept(Results(accepted, [OTHER]), "second")
    assert reference.read(path)["reason"].tolist() == ["first", "second", "second"]
    run(accepted, CELL, 0, 60)
    gate.accept(Results(accepted, [CELL]), "third", planned={CELL: {(1, 0)}, OTHER: {(1, 1)}})
    assert sorted(reference.read(path)["reason"]) == ["second", "third"]
    gate.accept(Results(accepted), "fourth")
    assert sorted(reference.read(path)["reason"]) == ["fourth", "second", "third"], "what is as it was stays"
    assert check(accepted).code == 0


def test_a_damaged_reference_is_not_overwritten(accepted):
    (accepted / "reference.csv").write_text("what,is,this\n")
    with pytest.raises(ValueError, match="Restore it from git"):
        gate.accept(Results(accepted), "again")


@pytest.fixture
def canary(tmp_path):
    """Thirty seeds that are accepted, and three others that are measured."""
    draw = np.random.default_rng(0)
    for seed in SEEDS:
        run(tmp_path / "reference", CELL, seed, 70 + draw.integers(-1, 2))
    gate.accept(Results(tmp_path / "reference"), "thirty", tmp_path / "reference.csv")
    for seed in NEW:
        run(tmp_path, CELL, seed, 70 + draw.integers(-1, 2))
    return tmp_path


PLANNED = {CELL: {(1, seed) for seed in NEW}}


def test_seeds_that_are_not_asked_for_are_what_new_ones_are_held_against(canary):
    report = check(canary, planned=PLANNED)
    assert report.code == 0 and only(report).status == "ok" and report.alpha == 0.005
    assert only(report).reference == pytest.approx(0.7, abs=0.01)


def test_five_points_lost_over_seeds_are_caught(canary):
    for seed in NEW:
        run(canary, CELL, seed, 65)
    report = check(canary, planned=PLANNED)
    assert report.code == 1 and only(report).status == "lower" and only(report).p < 1e-6


def test_a_seed_that_is_asked_for_and_lacks_is_missing(canary):
    gate.accept(Results(canary), "three")
    assert only(check(canary, planned=PLANNED)).status == "identical"
    (canary / "records" / CELL / "1-32.json").unlink()
    report = check(canary, planned=PLANNED)
    assert report.code == 2 and only(report).status == "missing: run 1-32"


def test_another_test_list_is_named_though_the_seeds_are_new(canary):
    path = canary / "predictions" / CELL / "1-31.csv"
    path.write_text(path.read_text().replace("c07,g7", "c07,g8"))
    assert only(check(canary, planned=PLANNED)).status == "test list: run 1-31 differs"

"""Tables that answer the two works: claims, forms, probes; what was not run stays a row."""

import csv

import pytest
import synthetic

from vidattn.bench.analysis import claims, comparisons
from vidattn.bench.report import tables
from vidattn.bench.report.tables import probe
from vidattn.bench.results.reader import Results

NONE = "actors-tiny-none-frame_average-clean"
THESIS, PAPER = (NONE.replace("none", name) for name in ("cbam", "cbam_original"))


@pytest.mark.parametrize(
    "expected, difference, low, p, verdict",
    [
        ("higher", 0.05, 0.01, 0.02, "confirmed"),
        ("higher", -0.05, -0.09, 0.02, "contradicted"),
        ("higher", 0.05, -0.01, 0.06, "open"),
        ("lower", -0.05, -0.09, 0.02, "confirmed"),
        ("lower", 0.05, 0.01, 0.02, "contradicted"),
        ("not lower", -0.05, -0.09, 0.02, "contradicted"),
        ("not lower", 0.01, -0.019, 0.6, "confirmed"),
        ("not lower", 0.01, -0.021, 0.6, "open"),
    ],
)
def test_verdict(expected, difference, low, p, verdict):
    row = {"difference": difference, "difference_low": low, "p_holm": p}
    assert claims.verdict(expected, row) == verdict


def test_a_claim_speaks_of_the_cells_that_it_names_and_of_their_controls():
    claim = {"cells": "*-*-cbam*-*-*", "replaced": "attention=none"}
    assert claims.pairs(claim, [NONE, THESIS, PAPER]) == [(THESIS, NONE), (PAPER, NONE)]
    assert claims.pairs(claim, [THESIS]) == []


@pytest.fixture
def results(tmp_path):
    """Two of three planned cells: the one with attention recognises far more."""
    synthetic.write(tmp_path, {NONE: (0.3, 0.3, 0.3), THESIS: (0.95, 0.95, 0.95)}, groups=8)
    rows = [
        ["work", "section", "claim", "cells", "replaced", "expected"],
        ["w", "1", "helps", "*-*-cbam-*-*", "attention=none", "higher"],
        ["w", "1", "harms", "*-*-cbam-*-*", "attention=none", "lower"],
        ["w", "2", "another", "*-*-l2pa-*-*", "attention=none", "lower"],
    ]
    (tmp_path / "published").mkdir()
    with (tmp_path / "published" / "claims.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return Results(tmp_path, [NONE, THESIS])


def test_claims_are_confirmed_contradicted_or_not_run(results):
    frame = tables.table("claims", results, {"planned": [NONE, THESIS, PAPER]}).set_index("claim")
    assert frame["verdict"].to_dict() == {
        "helps": "confirmed",
        "harms": "contradicted",
        "another": "open: not run",
    }
    assert frame.loc["helps", "difference"] > 0.3 and frame.loc["helps", "models"] == 1


def test_a_form_that_was_not_run_keeps_its_row(results):
    frame = tables.table("forms", results, {"planned": [NONE, THESIS, PAPER]})
    assert frame[["attention", "thesis_form"]].to_numpy().tolist() == [["cbam_original", "cbam"]]
    assert frame["difference"].isna().all()


def test_a_readout_is_compared_with_none_and_with_its_levels_read_without_attention(results, monkeypatch):
    monkeypatch.setattr(probe, "_fixed", lambda results, cell: True)
    gated = NONE.replace("none", "gated", 1)
    frame = tables.table("probe", results, {"planned": [NONE, THESIS, gated]}).set_index("attention")
    assert frame["difference"].notna().to_dict() == {"none": False, "cbam": True, "gated": False}
    assert (
        frame["over_readout_difference"].isna().all()
        and frame.loc["gated", "top1"] != frame.loc["none", "top1"]
    )
    assert probe._readout(gated) == NONE.replace("none", "multilevel", 1) and probe._readout(THESIS) is None


def test_the_leaderboard_has_what_was_run_the_best_first_corrected_over_all_that_is_planned(results):
    planned = [NONE, THESIS, PAPER]
    frame = tables.table("leaderboard", Results(results.root, planned), {"planned": planned})
    assert frame["attention"].tolist() == ["cbam", "none"]
    grid = tables.table("grid", results, {"planned": planned}).set_index("attention")
    best = frame.set_index("attention").loc["cbam"]
    for column in ("top1", "top1_difference", "top1_difference_low", "p_holm"):
        assert best[column.replace("top1_difference", "difference")] == grid.loc["cbam", column]
    assert best["control"] == "none"
    alone = tables.table("leaderboard", results, {"planned": [NONE, THESIS]}).set_index("attention")
    assert best["p_holm"] == pytest.approx(2 * alone.loc["cbam", "p_holm"])


def test_a_comparison_has_the_p_of_the_grid_whatever_else_the_leaderboard_compares(tmp_path):
    """Two pairs with none and one with uniform weights: families of two and of one."""
    uniform, weighted = (NONE.replace("frame_average", name) for name in ("lstm_uniform", "lstm_attention"))
    other = NONE.replace("none", "se")
    rates = {NONE: 0.3, THESIS: 0.6, other: 0.4, uniform: 0.5, weighted: 0.6}
    synthetic.write(tmp_path, {cell: (rate,) * 3 for cell, rate in rates.items()}, groups=8)
    results = Results(tmp_path, list(rates))
    frame = tables.table("leaderboard", results).set_index(["attention", "architecture"])
    grid = tables.table("grid", results).set_index(["attention", "architecture"])
    for attention in ("cbam", "se"):
        cell = (attention, "frame_average")
        assert frame.loc[cell, "p_holm"] == grid.loc[cell, "p_holm"] < 1
    alone = comparisons.versus(results, [(weighted, uniform)])["p"].item()
    assert frame.loc[("none", "lstm_attention"), "p_holm"] == alone < 1

"""Tables that answer the two works: claims, forms, probes; what was not run stays a row."""

import csv
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import synthetic

from vidattn.bench.analysis import (
    claims,
    comparisons,
    controls,
    main_effects,
    noise_model,
    planned,
    statistics,
)
from vidattn.bench.config.load import load
from vidattn.bench.config.plugin_files import PlugIn
from vidattn.bench.plan import suites
from vidattn.bench.report import findings, published_beside_ours, sentences, tables
from vidattn.bench.report.tables import claims as claims_table
from vidattn.bench.report.tables import probe
from vidattn.bench.results.reader import Results

NONE = "actors-tiny-none-frame_average-clean"
THESIS, PAPER = (NONE.replace("none", name) for name in ("cbam", "cbam_original"))


@pytest.mark.parametrize(
    "expected, difference, p, zero, verdict",
    [
        ("higher", 0.05, 0.02, 0.02, "confirmed"),
        ("higher", -0.05, 0.02, 0.02, "contradicted"),
        ("higher", 0.05, 0.06, 0.06, "open"),
        ("lower", -0.05, 0.02, 0.02, "confirmed"),
        ("lower", 0.05, 0.02, 0.02, "contradicted"),
        ("not lower", -0.05, 0.9, 0.02, "contradicted"),
        ("not lower", -0.01, 0.01, 0.02, "contradicted"),
        ("not lower", 0.01, 0.024, 0.6, "confirmed"),
        ("not lower", 0.01, 0.026, 0.6, "open"),
    ],
)
def test_verdict(expected, difference, p, zero, verdict):
    """`zero` is the p of no difference; "not lower" is confirmed by another test, one-sided at 2.5 %."""
    row = {"difference": difference, "p_holm": p, "p_zero": zero}
    assert claims.verdict(expected, row) == verdict


def test_the_one_sided_p_of_not_lower_is_that_of_its_interval():
    """An interval of 95 % that ends at a loss of two points has a p of 2.5 %; of four points more, less."""
    found = noise_model.estimate(0.03, [noise_model.Term(0.0004, 0.0004, 12)], 20, 100)
    at_margin = replace(found, value=found.value - found.low - claims.MARGIN)
    assert claims._p("not lower", at_margin) == pytest.approx(0.025)
    assert claims._p("not lower", replace(at_margin, value=at_margin.value + 0.04)) < 0.025
    assert claims._p("higher", found) == found.p
    certain = noise_model.estimate(0.0, [noise_model.Term(0.0, 0.0, 12)], 20, 100)
    assert claims._p("not lower", certain) == 0


def test_a_statement_is_corrected_over_what_is_planned_and_says_what_is_then_detectable(results):
    """Planned on a second data set, where nothing was run; the mean of two attentions stands nowhere else."""
    path = results.root / "published" / "claims.csv"
    path.write_text(path.read_text() + "w,3,both,*-*-cbam*-*-*,attention=none,higher\n")
    path.write_text(path.read_text() + "w,3,neither,*-*-cbam*-*-*,attention=none,not lower\n")
    synthetic.write(results.root, {PAPER: (0.35, 0.3, 0.3)}, groups=8)
    cells = [NONE, THESIS, PAPER]
    absent = [cell.replace("actors", "other") for cell in cells]
    alone = claims.table(Results(results.root, cells)).set_index("claim")
    frame = claims.table(Results(results.root, cells, planned=(*cells, *absent))).set_index("claim")
    for claim in ("both", "neither"):
        for column in ("p_holm", "p_zero"):
            assert frame.loc[claim, column] == pytest.approx(min(2 * alone.loc[claim, column], 1)), column
        assert frame.loc[claim, "detectable"] > alone.loc[claim, "detectable"]
    assert alone.loc["neither", "p"] < alone.loc["both", "p"] == alone.loc["neither", "p_zero"]
    estimate = comparisons.paired(Results(results.root, cells), {NONE: -1.0, THESIS: 0.5, PAPER: 0.5})
    assert frame.loc["both", "detectable"] == noise_model.minimal_detectable(estimate, 2)


def test_a_contradicted_not_lower_names_the_p_that_says_so():
    first = {"claim": "c", "expected": "not lower", "verdict": "contradicted", "dataset": "d"}
    row = {**first, "protocol": "p", "models": 1, "planned": 1, "difference": -0.1, "difference_low": -0.2}
    row |= {"difference_high": -0.05, "p_holm": 1.0, "p_zero": 0.004, "judged_in": "main effects"}
    row |= {"detectable": 0.1, "arms": [{"n": [864, 2160], "runs": [6, 15]}]}
    (shown,) = claims_table.in_words(pd.DataFrame([row]))
    assert shown[5] == "1.000" and shown[7:9] == ["864 / 2,160", "6 / 15"]
    assert shown[-1] == "contradicted (lower, p = 0.004, main effects)"


def test_a_claim_speaks_of_the_cells_that_it_names_and_of_their_controls():
    claim = {"cells": "*-*-cbam*-*-*", "replaced": "attention=none"}
    assert claims.pairs(claim, [NONE, THESIS, PAPER]) == [(THESIS, NONE), (PAPER, NONE)]
    assert claims.pairs(claim, [THESIS]) == []


PLUGINS = {"attention": {"cbam_original": PlugIn("attention", "cbam", {"form": "original"})}}


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
    return Results(tmp_path, [NONE, THESIS], plugins=PLUGINS)


def test_claims_are_confirmed_contradicted_or_not_run(results):
    results = replace(results, planned=(NONE, THESIS, PAPER))
    frame = tables.table("claims", results).set_index("claim")
    assert frame["verdict"].to_dict() == {
        "helps": "confirmed",
        "harms": "contradicted",
        "another": "open: not run",
    }
    assert frame.loc["helps", "difference"] > 0.3 and frame.loc["helps", "models"] == 1


def test_a_form_that_was_not_run_keeps_its_row(results):
    frame = tables.table("forms", replace(results, planned=(NONE, THESIS, PAPER)))
    assert frame[["attention", "thesis_form"]].to_numpy().tolist() == [["cbam_original", "cbam"]]
    assert frame["difference"].isna().all()


def test_two_forms_have_their_own_counts(results):
    """One seed of the form of the thesis, two of the paper's."""
    synthetic.write(results.root, {PAPER: (0.3,) * 3}, groups=8, seeds=2)
    made = Results(results.root, [NONE, THESIS, PAPER], plugins=PLUGINS)
    (row,) = tables.table("forms", made).to_dict("records")
    assert (row["seeds"], row["seeds_thesis_form"], row["folds"]) == (2, 1, 3)
    assert (row["n"], row["n_thesis_form"]) == (576, 288) and row["difference"] < -0.3


def test_a_form_is_told_by_its_arguments_whatever_its_name(tmp_path):
    """`both` differs in the form alone from `cbam_original`, which has that of the thesis."""
    paper, dot = {"form": "original"}, {"score": "dot"}
    entries = {"cbam": {}, "cbam_original": dot, "paper": paper, "both": {**paper, **dot}}
    named = {name: PlugIn("attention", "cbam", arguments) for name, arguments in entries.items()}
    alone = PlugIn("attention", "se", {**paper, **dot})  # whose form of the thesis has no name
    planned = tuple(NONE.replace("none", name) for name in ("none", *entries, "alone"))
    results = Results(tmp_path, [], planned=planned, plugins={"attention": {**named, "alone": alone}})
    frame = tables.table("forms", results)
    assert dict(zip(frame["attention"], frame["thesis_form"])) == {"paper": "cbam", "both": "cbam_original"}


def test_a_readout_is_compared_with_none_and_with_its_levels_read_without_attention(results, monkeypatch):
    monkeypatch.setattr(probe, "_fixed", lambda results, cell: True)
    gated = NONE.replace("none", "gated", 1)
    results = replace(results, planned=(NONE, THESIS, gated))
    frame = tables.table("probe", results).set_index("attention")
    assert frame["difference"].notna().to_dict() == {"none": False, "cbam": True, "gated": False}
    assert (
        frame["over_readout_difference"].isna().all()
        and frame.loc["gated", "top1"] != frame.loc["none", "top1"]
    )
    assert controls.readout(gated) == NONE.replace("none", "multilevel", 1)
    assert controls.readout(THESIS) is controls.readout(NONE) is None


def test_planned_cells_stay_rows_beside_those_that_were_run(results):
    """The third cell of the protocol was not run; under the other protocol none was."""
    frame = published_beside_ours._ours(
        replace(results, planned=(NONE, PAPER, THESIS.replace("clean", "paper")))
    )
    assert frame["attention"].tolist() == ["none", "cbam", "cbam_original"]
    assert frame["top1"].notna().tolist() == [True, True, False] and set(frame["protocol"]) == {"clean"}


def test_what_reads_several_levels_is_corrected_with_its_like(results, monkeypatch):
    """Two are planned, one was run: its p counts twice, however many others are compared with none."""
    monkeypatch.setattr(probe, "_fixed", lambda results, cell: True)
    read, reader, other = (NONE.replace("none", name, 1) for name in ("multilevel", "l2pa", "gated"))
    synthetic.write(results.root, {read: (0.4,) * 3, reader: (0.7,) * 3}, groups=8)
    cells = [NONE, THESIS, read, reader]
    ran = Results(results.root, cells, (*cells, other), compare={"controls": ["multilevel"]})
    p = comparisons.versus(ran, [(reader, read)])["p"].item()
    judged = tables.table("probe", ran).set_index("attention").loc["l2pa"]
    assert judged["over_readout_judged_in"] == "main effects"
    monkeypatch.setattr(planned, "judged", lambda results: {})
    alone = tables.table("probe", ran).set_index("attention").loc["l2pa"]
    assert alone["over_readout_p_holm"] == pytest.approx(min(2 * p, 1)) and 0 < p < 0.5


def test_main_effects_are_against_the_readout_without_attention_where_it_is_planned(results):
    """CBAM reads one map, and is measured against none; L2PA against its maps, or none where they are not."""
    read, reader = (NONE.replace("none", name, 1) for name in ("multilevel", "l2pa"))
    synthetic.write(results.root, {read: (0.4,) * 3, reader: (0.7,) * 3}, groups=8)
    every, apart = {"compare": {"controls": ["multilevel"]}}, [NONE, THESIS, reader]
    with_, without = (
        main_effects.table(Results(results.root, cells, **every)).set_index("attention")
        for cells in ([*apart, read], apart)
    )
    assert with_["control"].to_dict() == {"cbam": "none", "l2pa": "multilevel"}
    assert without["control"].to_dict() == {"cbam": "none", "l2pa": "none"}
    both = Results(results.root, [*apart, read])
    for frame, control in ((with_, read), (without, NONE)):
        pair = comparisons.paired(both, {reader: 1.0, control: -1.0})
        assert frame.loc["l2pa", "difference"] == pytest.approx(pair.value)


def test_the_statement_on_three_dimensions_is_of_every_network_of_its_suite():
    params, root = load(suite="threed"), Path(__file__).resolve().parents[3]
    every = Results(root / "results", []).claims().to_dict("records")
    (claim,) = (claim for claim in every if "three dimensions" in claim["claim"])
    cells = list(suites.cells(params))
    asked = {cell for cell in cells if "-cbam-" in cell}
    assert {cell for cell, _ in claims.pairs(claim, cells)} == asked and len(asked) == 3


def test_the_leaderboard_has_what_was_run_the_best_first_corrected_over_all_that_is_planned(results):
    planned = (NONE, THESIS, PAPER)
    frame = tables.table("leaderboard", Results(results.root, [*planned]))
    assert frame["attention"].tolist() == ["cbam", "none"]
    grid = tables.table("grid", replace(results, planned=planned)).set_index("attention")
    best = frame.set_index("attention").loc["cbam"]
    for column in ("top1", "top1_difference", "top1_difference_low", "p_holm"):
        assert best[column.replace("top1_difference", "difference")] == grid.loc["cbam", column]
    assert best["control"] == "none"
    alone = tables.table("leaderboard", results).set_index("attention")
    assert best["p_holm"] == pytest.approx(2 * alone.loc["cbam", "p_holm"])


def test_a_comparison_has_the_p_of_the_grid_whatever_else_the_leaderboard_compares(tmp_path):
    """Two models of each, so that no pair is a main effect: two families of two."""
    weighted = [f"actors-{backbone}-none-lstm_attention-clean" for backbone in ("tiny", "vgg16")]
    uniform = [cell.replace("attention-clean", "uniform-clean") for cell in weighted]
    other = [NONE.replace("frame_average", "lstm"), THESIS.replace("frame_average", "lstm")]
    rates = {NONE: 0.3, THESIS: 0.6, **dict(zip(other, (0.3, 0.4)))}
    rates |= dict(zip([*uniform, *weighted], (0.5, 0.5, 0.6, 0.52)))
    synthetic.write(tmp_path, {cell: (rate,) * 3 for cell, rate in rates.items()}, groups=8)
    results = Results(tmp_path, list(rates))
    model = ["backbone", "attention", "architecture"]
    frame = tables.table("leaderboard", results).set_index(model)
    grid = tables.table("grid", results).set_index(model)
    for cell in (("tiny", "cbam", "frame_average"), ("tiny", "cbam", "lstm")):
        assert frame.loc[cell, "p_holm"] == grid.loc[cell, "p_holm"] <= 2 * grid.loc[cell, "p"]
    alone = comparisons.versus(results, list(zip(weighted, uniform)), lambda cells: [])
    expected = statistics.holm(alone["p"])
    found = [frame.loc[(backbone, "none", "lstm_attention"), "p_holm"] for backbone in ("tiny", "vgg16")]
    assert found == pytest.approx(list(expected)) and min(found) < 1


CONTRAST = {"name": "mine", "family": "f", "cell": THESIS, "control": NONE}


def judged(frame):
    """(p, where it is from) of CBAM over frames."""
    rows = frame[(frame["attention"] == "cbam") & (frame["architecture"] == "frame_average")]
    row = rows.iloc[0].rename(lambda name: name.removeprefix("top1_"))
    return row["p_holm"], row["judged_in"], row.get("detectable")


@pytest.mark.parametrize(
    ("models", "named", "part"),
    [
        (1, True, "main effects"),  # the mean over one model is that model
        (2, True, "planned comparisons"),
        (2, False, "comparisons with controls"),  # named post hoc, a small family takes nothing over
    ],
)
def test_one_difference_has_one_p_in_every_part(tmp_path, models, named, part):
    more = [cell.replace("frame_average", "lstm") for cell in (NONE, THESIS)][: 2 * (models - 1)]
    rates = dict(zip([NONE, THESIS, *more, PAPER], (0.3, 0.5, *(0.3, 0.35)[: len(more)], 0.32)))
    synthetic.write(tmp_path, {cell: (rate,) * 3 for cell, rate in rates.items()}, groups=8)
    (tmp_path / "published").mkdir()
    names = "work,section,claim,cells,replaced,expected"
    (tmp_path / "published" / "claims.csv").write_text(
        f"{names}\nw,1,helps,*-*-cbam-frame_average-*,attention=none,higher\n"
    )
    contrasts = [{**CONTRAST, "planned": named}, {**CONTRAST, "name": "not run", "cell": "a-b-c-d-e"}]
    results = Results(tmp_path, list(rates), compare={"contrasts": contrasts})
    contrast = planned.evaluate(results).iloc[0]
    statement = claims.table(results).iloc[0]
    p, source, least = judged(tables.table("grid", results))
    assert judged(tables.table("leaderboard", results))[:2] == (p, source)
    assert judged(tables.table("demo_grid", results)) == (p, source, least)
    for row in (contrast, statement):
        assert (row["p_holm"], row["detectable"]) == (p, least)
    effects = main_effects.table(results).set_index("attention").loc["cbam"]
    assert (effects["p_holm"] == p) == (part == "main effects")
    said = [
        None if pd.isna(name) else name for name in (source, contrast["judged_in"], statement["judged_in"])
    ]
    own = {"main effects": None, "planned comparisons": 1, "comparisons with controls": 0}[part]
    assert said == [None if place == own else part for place in range(3)]


def test_arms_are_told_apart_where_they_differ(tmp_path):
    """Two folds of three are shared; the cell has one seed, its control two."""
    synthetic.write(tmp_path, {THESIS: (0.6,) * 3}, folds=2)
    synthetic.write(tmp_path, {NONE: (0.3,) * 3}, folds=3, seeds=2)
    results = Results(tmp_path, [NONE, THESIS], compare={"contrasts": [CONTRAST]})
    row = planned.evaluate(results).iloc[0]
    (arms,) = row["arms"]
    assert (arms["folds"], arms["every"], arms["seeds"], arms["runs"]) == (2, [2, 3], [1, 2], [2, 4])
    assert arms["n"] == [96, 192] and arms["top1"][0] - arms["top1"][1] == pytest.approx(row["difference"])
    said = sentences._contrast(row)["extent"]
    shares = " against ".join(f"{100 * value:.1f} %" for value in arms["top1"])
    assert said == f"96 / 192 predictions in 8 groups of the 2 folds that both have ({shares} there)"
    (shown,) = findings.asked(planned.evaluate(results))
    assert "96 / 192" in shown and "2 folds x 1 / 2 seeds" in shown
    (effect,) = findings.effects(main_effects.table(results))
    assert effect[-3:-1] == ["96 / 192", "2 / 4"]

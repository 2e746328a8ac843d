"""Tables of maps, from scores as results/explain holds them."""

import json

import synthetic

from vidattn.bench.config.plugin_files import PlugIn
from vidattn.bench.report import tables
from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results

CELL = "actors-tiny-cbam-frame_average-clean"
RUN_ONLY = "actors-tiny-none-frame_average-clean"
FUSED = "actors-tiny-cbam-two_stream-clean"  # its maps are its streams' joined, and are missing too


def written(root):
    """One scored cell with two maps, two that were run and not scored, one that was neither."""
    synthetic.write(root, {CELL: (0.9, 0.4, 0.4), RUN_ONLY: (0.8, 0.4, 0.4), FUSED: (0.9, 0.4, 0.4)}, folds=1)
    beside = {"value": 0.1, "difference": 0.2, "low": 0.1, "high": 0.3}
    baselines = {"area": beside, "motion": {**beside, "value": 0.25, "difference": 0.05, "low": -0.1}}
    mass = {"value": 0.3, "low": 0.2, "high": 0.4, "n": 8, "groups": 4, "baselines": baselines}
    gap = {"value": -0.2, "low": -0.3, "high": -0.1, "p": 0.01, "n": 8, "groups": 4}
    early = {
        "scores": {"mass": mass, "hits": {**mass, "value": 0.5}},
        "sanity": {"similarity": [1.0, 0.9, 0.8, 0.7], "survives": True, "labels": 0.4},
        "faithfulness": {
            "deletion": 0.2,
            "random_deletion": 0.3,
            "road_most": 0.1,
            "random_road": 0.4,
            "n": 5,
        },
        "mosaic": {"share": 0.6, "n": 32},
        "against": {"grad_cam": {"mass": gap, "hits": {**gap, "p": 0.04, "value": 0.1}}},
    }
    content = {"folds": 3, "seeds": 1, "maps": {"early": early, "time": {"scores": {"mass": mass}}}}
    (root / "explain").mkdir()
    (root / "explain" / f"{CELL}.json").write_text(json.dumps(content))
    return Results(root, [CELL, RUN_ONLY, FUSED, synthetic.MISSING])


def test_scores_have_a_row_a_map_beside_the_strongest_baseline(tmp_path):
    frame = tables.table("attention_scores", written(tmp_path / "results"))
    assert frame["map"].tolist() == ["early", "time", "missing", "missing"]
    early = frame.iloc[0]
    assert early[["mass", "hits", "area", "motion", "strongest"]].tolist() == [0.3, 0.5, 0.1, 0.25, "motion"]
    assert early[["mass_difference", "mass_difference_low", "survives"]].tolist() == [0.05, -0.1, "yes"]
    assert frame["n"].tolist()[:2] == [8, 8] and frame.iloc[2:][["mass", "area"]].isna().all(axis=None)
    assert tables.table("attention_scores", Results(tmp_path, [])).empty


def test_scores_of_an_older_form_are_missing(tmp_path):
    results = written(tmp_path / "results")
    old = {"folds": 3, "seeds": 1, "maps": {"early": {"inside": 0.3}}}
    (tmp_path / "results" / "explain" / f"{RUN_ONLY}.json").write_text(json.dumps(old))
    assert tables.table("attention_scores", results)["map"].tolist() == [
        "early",
        "time",
        "missing",
        "missing",
    ]


def test_checks_have_a_row_a_map_that_was_checked(tmp_path):
    frame = tables.table("map_checks", written(tmp_path / "results"))
    row = frame.iloc[0]
    assert len(frame) == 1 and row[["similarity_25", "similarity_100", "survives"]].tolist() == [
        1.0,
        0.7,
        "yes",
    ]
    assert row[["deletion", "random_deletion", "n"]].tolist() == [0.2, 0.3, 5]
    assert row[["road_most", "random_road", "mosaic", "n_mosaic"]].tolist() == [0.1, 0.4, 0.6, 32]
    assert row["similarity_labels"] == 0.4


def test_learned_maps_against_grad_cam_are_corrected_within_a_score(tmp_path):
    frame = tables.table("maps_against_grad_cam", written(tmp_path / "results"))
    assert frame[["map", "against", "score"]].values.tolist() == [
        ["early", "grad_cam", "mass"],
        ["early", "grad_cam", "hits"],
    ]
    assert frame["p_holm"].tolist() == [0.01, 0.04]
    assert frame["verdict"].tolist() == ["lower", "higher"]


def test_statements_are_judged_by_whole_intervals(tmp_path):
    results = written(tmp_path / "results")
    path = tmp_path / "results" / "explain" / f"{CELL}.json"
    content = json.loads(path.read_text())
    gap = {"value": 0.2, "low": 0.1, "high": 0.3, "p": 0.01, "n": 8, "groups": 4}
    content["maps"]["grad_cam"] = {**content["maps"]["early"], "against": {"grad_cam": {"mass": gap}}}
    low = {**gap, "value": -0.2, "low": -0.3, "high": -0.1}
    content["maps"]["combined"] = {**content["maps"]["early"], "against": {"grad_cam": {"mass": low}}}
    path.write_text(json.dumps(content))
    frame = tables.table("thesis_6_2", results).set_index("statement")
    verdicts = frame["verdict"].to_dict()
    assert verdicts["CBAM's Grad-CAM focuses better than without"] == "confirmed"
    assert verdicts["learned maps are needed: Grad-CAM does less"] == "contradicted"
    assert list(verdicts.values()).count("open") == 4  # nothing was scored of the other attentions


def test_differences_to_a_baseline_and_levels_are_read(tmp_path):
    from vidattn.bench.report.tables import thesis_6_2

    (tmp_path / "explain").mkdir()
    beside = {"value": 0.1, "difference": -0.05, "low": -0.1, "high": 0.01}
    level = {"value": 0.3, "low": 0.2, "high": 0.4, "n": 8}
    maps = {"late": {"scores": {"entropy": level}}}
    maps["early"] = {"scores": {"mass": {**level, "baselines": {"area": beside}}}}
    names = ("gated_original", "gated_uniform", "residual")
    for attention in names:
        path = tmp_path / "explain" / f"actors-tiny-{attention}-image-clean.json"
        path.write_text(json.dumps({"folds": 1, "seeds": 1, "maps": maps}))
    variants = {name: PlugIn("attention", "gated", {}) for name in names[:2]}
    compare = {"controls": ["gated_uniform"]}  # which no statement is about
    cells = [f"actors-tiny-{name}-image-clean" for name in names]
    results = Results(tmp_path, cells, compare=compare, plugins={"attention": variants})
    frame = thesis_6_2.table(results, {}).dropna(subset="value")
    assert frame[["attention", "measure", "value", "verdict"]].values.tolist() == [
        ["residual", "mass - area", -0.05, "open"],
        ["gated_original", "entropy", 0.3, "confirmed"],
    ]


def test_scores_that_other_code_made_are_marked_and_those_of_todays_are_not(tmp_path):
    results = written(tmp_path / "results")
    path = tmp_path / "results" / "explain" / f"{CELL}.json"
    for code, stale in (("another", True), (study_code.maps_digest(), False)):
        path.write_text(json.dumps({**json.loads(path.read_text()), "digests": {"code": code}}))
        for name in ("attention_scores", "map_checks", "maps_against_grad_cam"):
            frame = tables.table(name, results)
            assert ("stale" in frame) == stale, name
            assert not stale or frame.iloc[0]["stale"] == study_code.STALE

"""Metrics and fusion against cases worked out by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vidattn.bench import executor, fuse, inputs, params, plugins
from vidattn.bench.cell import Cell, Run
from vidattn.bench.metrics import all_finite, all_metrics, per_class, ranks, softmax, top1, top5

ROOT = Path(__file__).resolve().parent.parent
SCORES = np.array([[3.0, 1, 2], [0, 5, 1], [1, 1, 0], [2, 3, 4]])
LABELS = np.array([0, 1, 0, 0])


def test_ranks_count_ties_against_the_model():
    assert ranks(SCORES, LABELS).tolist() == [1, 1, 2, 3]


def test_top1_per_class_and_top5():
    assert top1(SCORES, LABELS) == 0.5
    assert per_class(SCORES, LABELS) == pytest.approx((1 / 3 + 1) / 2)
    assert top5(SCORES, LABELS) == 1.0


def test_constant_scores_are_never_right():
    assert all_metrics(np.zeros((4, 6)), LABELS) == {"top1": 0.0, "top5": 0.0, "per_class": 0.0}


def test_what_is_no_number_ranks_last():
    nan = np.nan
    assert ranks(np.array([[nan, nan, nan], [nan, 1, 0], [2, nan, 1]]), np.array([0, 0, 0])).tolist() == [
        3,
        3,
        2,
    ]
    assert top1(np.full((4, 6), nan), LABELS) == 0.0


def test_scores_that_are_no_numbers_are_an_error_that_names_the_clip():
    all_finite(SCORES, ["a", "b", "c", "d"], "test", "run-1-0")
    wrong = SCORES.copy()
    wrong[[1, 3], [2, 0]] = np.nan, np.inf
    message = "run-1-0: 2 of 4 test clips have scores that are not finite, first .b..*learning_rate"
    with pytest.raises(FloatingPointError, match=message):
        all_finite(wrong, ["a", "b", "c", "d"], "test", "run-1-0")


def test_softmax_by_hand():
    np.testing.assert_allclose(softmax(np.log([[1.0, 2, 1]])), [[0.25, 0.5, 0.25]])


def test_average_fusion_is_the_mean_of_probabilities():
    first, second = np.log([[0.8, 0.2]]), np.log([[0.4, 0.6]])
    np.testing.assert_allclose(np.exp(fuse.fuse([first, second], 0.5)), [[0.6, 0.4]], rtol=1e-6)
    np.testing.assert_allclose(np.exp(fuse.fuse([first, second], 1.0)), [[0.8, 0.2]], rtol=1e-6)


def test_weight_goes_to_the_better_stream():
    good, bad = np.eye(3), -np.eye(3) * 9
    assert fuse.best_weight([good, bad], np.arange(3)) > 0.5
    assert fuse.best_weight([bad, good], np.arange(3)) < 0.5
    assert fuse.best_weight([good, good], np.arange(3)) == 0.5


def test_svm_fusion_learns_which_stream_to_trust():
    rng = np.random.default_rng(0)
    labels = {"validation": rng.integers(0, 3, 90), "test": rng.integers(0, 3, 60)}
    streams = {r: [rng.normal(size=(len(y), 3)), np.eye(3)[y] * 6] for r, y in labels.items()}
    fused = fuse.svm(streams, labels["validation"])
    assert top1(fused["test"], labels["test"]) > 0.95


def test_fusion_without_validation_clips_says_so():
    with pytest.raises(ValueError, match="needs validation clips"):
        fuse.combine({"test": [SCORES, SCORES]}, {"test": LABELS}, (4, 3), "weighted")
    with pytest.raises(ValueError, match="Expected one of: average"):
        fuse.combine({}, {}, (4, 3), "mean")


@pytest.mark.parametrize(
    ("options", "share"),
    [({}, 1 / 2), ({"fusion": "weighted", "flow_weight": 3}, 1 / 4), ({"fusion": "time"}, 25 / 45)],
)
def test_fusions_that_need_no_validation_by_hand(options, share):
    """25 frames and 20 stacks of 5: over all steps RGB weighs 25 to 20."""
    made, notes = fuse.combine(
        {"test": list(np.log([[[0.8, 0.2]], [[0.4, 0.6]]]))}, {"test": LABELS[:1]}, (25, 20), **options
    )
    assert notes == {"fusion": options.get("fusion", "average"), "fusion_weight": pytest.approx(share)}
    expected = share * np.array([0.8, 0.2]) + (1 - share) * np.array([0.4, 0.6])
    np.testing.assert_allclose(np.exp(made["test"][0]), expected, rtol=1e-6)


def test_every_fusion_of_the_architecture_runs_and_an_svm_reports_no_validation():
    known = plugins.declared(inputs.plugin_path("two_stream"), "FUSIONS", "")
    labels = {"validation": np.arange(6) % 3, "test": np.arange(3)}
    streams = {role: [np.eye(3)[y], np.eye(3)[y]] for role, y in labels.items()}
    made = {fusion: fuse.combine(streams, labels, (4, 3), fusion)[0] for fusion in known}
    assert {fusion for fusion, roles in made.items() if "validation" not in roles} == {"svm"}
    assert all(top1(roles["test"], labels["test"]) == 1 for roles in made.values())


def test_the_fusion_of_a_protocol_comes_before_that_of_the_architecture():
    loaded = params.load(ROOT / "params.yaml")
    both = {"fusion": "weighted", "flow_weight": 2}
    cell = RUN.cell
    assert fuse.options(cell, replace(loaded, architectures={"two_stream": both})) == both
    ours = replace(loaded.protocols["clean"], head={"units": 3, "fusion": "time"})
    told = replace(loaded, architectures={"two_stream": {}}, protocols={"clean": ours})
    assert fuse.options(cell, told) == {"fusion": "time"}


RUN = Run(Cell("actors", "tiny", "none", "two_stream", "clean"), 1, 0)


def fused(tmp_path, monkeypatch, **streams):
    """Run the fusion of streams whose stored arrays are given."""
    for name, arrays in streams.items():
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "scores.npz", **arrays)
    monkeypatch.setattr(executor, "execute", lambda run, *_: tmp_path / run.cell.architecture)
    fuse.run_fused(RUN, None, print)


def scores_of(*ids, **changes):
    made = {"test_logits": np.eye(len(ids)), "test_labels": np.arange(len(ids)), "test_ids": np.array(ids)}
    return {**made, **changes}


def test_streams_of_different_clips_are_not_fused(tmp_path, monkeypatch):
    with pytest.raises(
        ValueError, match=f"{RUN.id}: .* test clips; clip 2 is 'b' in frame_average and 'c' in"
    ):
        fused(
            tmp_path, monkeypatch, frame_average=scores_of("a", "b", "c"), temporal_stream=scores_of("a", "c")
        )


def test_scores_without_clip_ids_are_not_fused(tmp_path, monkeypatch):
    old = {k: v for k, v in scores_of("a", "b").items() if k != "test_ids"}
    with pytest.raises(
        ValueError, match="an older version wrote it. Remove .*vidattn run actors-tiny-none-temp"
    ):
        fused(tmp_path, monkeypatch, frame_average=scores_of("a", "b"), temporal_stream=old)


def test_a_stream_whose_scores_are_no_numbers_is_not_fused(tmp_path, monkeypatch):
    wrong = scores_of("a", "b", test_logits=np.full((2, 2), np.nan))
    with pytest.raises(FloatingPointError, match="temporal_stream-clean-1-0: 2 of 2 test .*first 'a'"):
        fused(tmp_path, monkeypatch, frame_average=scores_of("a", "b"), temporal_stream=wrong)

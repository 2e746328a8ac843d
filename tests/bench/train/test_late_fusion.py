"""Fusion of streams against cases worked out by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import plans
import pytest

from vidattn.bench.config import plugin_files
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.load import load
from vidattn.bench.train import late_fusion
from vidattn.bench.train.scoring import top1

ROOT = Path(__file__).resolve().parents[3]
SCORES = np.array([[3.0, 1, 2], [0, 5, 1], [1, 1, 0], [2, 3, 4]])
LABELS = np.array([0, 1, 0, 0])


def test_average_fusion_is_the_mean_of_probabilities():
    first, second = np.log([[0.8, 0.2]]), np.log([[0.4, 0.6]])
    np.testing.assert_allclose(np.exp(late_fusion.fuse([first, second], 0.5)), [[0.6, 0.4]], rtol=1e-6)
    np.testing.assert_allclose(np.exp(late_fusion.fuse([first, second], 1.0)), [[0.8, 0.2]], rtol=1e-6)


def test_weight_goes_to_the_better_stream():
    good, bad = np.eye(3), -np.eye(3) * 9
    assert late_fusion.best_weight([good, bad], np.arange(3)) > 0.5
    assert late_fusion.best_weight([bad, good], np.arange(3)) < 0.5
    assert late_fusion.best_weight([good, good], np.arange(3)) == 0.5


def test_svm_fusion_learns_which_stream_to_trust():
    rng = np.random.default_rng(0)
    labels = {"validation": rng.integers(0, 3, 90), "test": rng.integers(0, 3, 60)}
    streams = {r: [rng.normal(size=(len(y), 3)), np.eye(3)[y] * 6] for r, y in labels.items()}
    fused = late_fusion.svm(streams, labels["validation"])
    assert top1(fused["test"], labels["test"]) > 0.95


def test_fusion_without_validation_clips_says_so():
    with pytest.raises(ValueError, match="needs validation clips"):
        late_fusion.combine({"test": [SCORES, SCORES]}, {"test": LABELS}, (4, 3), "weighted")
    with pytest.raises(ValueError, match="Expected one of: average"):
        late_fusion.combine({}, {}, (4, 3), "mean")


@pytest.mark.parametrize(
    ("options", "share"),
    [({}, 1 / 2), ({"fusion": "weighted", "flow_weight": 3}, 1 / 4), ({"fusion": "time"}, 25 / 45)],
)
def test_fusions_that_need_no_validation_by_hand(options, share):
    """25 frames and 20 stacks of 5: over all steps RGB weighs 25 to 20."""
    made, notes = late_fusion.combine(
        {"test": list(np.log([[[0.8, 0.2]], [[0.4, 0.6]]]))}, {"test": LABELS[:1]}, (25, 20), **options
    )
    assert notes == {"fusion": options.get("fusion", "average"), "fusion_weight": pytest.approx(share)}
    expected = share * np.array([0.8, 0.2]) + (1 - share) * np.array([0.4, 0.6])
    np.testing.assert_allclose(np.exp(made["test"][0]), expected, rtol=1e-6)


def test_every_fusion_of_the_architecture_runs_and_an_svm_reports_no_validation():
    known = plugin_files.optional("architecture", "two_stream", "FUSIONS")
    labels = {"validation": np.arange(6) % 3, "test": np.arange(3)}
    streams = {role: [np.eye(3)[y], np.eye(3)[y]] for role, y in labels.items()}
    made = {fusion: late_fusion.combine(streams, labels, (4, 3), fusion)[0] for fusion in known}
    assert {fusion for fusion, roles in made.items() if "validation" not in roles} == {"svm"}
    assert all(top1(roles["test"], labels["test"]) == 1 for roles in made.values())


def test_the_fusion_of_a_protocol_comes_before_that_of_the_architecture():
    loaded = load(ROOT / "params.yaml")
    both = {"fusion": "weighted", "flow_weight": 2}

    def options(**sections):
        return late_fusion.options(plans.without_data(RUN, replace(loaded, **sections)))

    assert options(architectures={**loaded.architectures, "two_stream": both}) == both
    ours = replace(loaded.protocols["clean"], head={"units": 3, "fusion": "time"})
    assert options(protocols={"clean": ours}) == {"fusion": "time"}


RUN = Run(Cell("actors", "tiny", "none", "two_stream", "clean"), 1, 0)


def fused(tmp_path, **streams):
    """Run the fusion of streams whose stored arrays are given."""
    for name, arrays in streams.items():
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "scores.npz", **arrays)
    plan = plans.without_data(RUN, load(ROOT / "params.yaml"))
    late_fusion.run_fused(plan, [tmp_path / part.run.cell.architecture for part in plan.parts])


def scores_of(*ids, **changes):
    made = {"test_logits": np.eye(len(ids)), "test_labels": np.arange(len(ids)), "test_ids": np.array(ids)}
    return {**made, **changes}


def test_streams_of_different_clips_are_not_fused(tmp_path):
    with pytest.raises(ValueError, match=f"{RUN.id}: .* test clips; clip 2 is 'b' in rgb and 'c' in"):
        fused(tmp_path, frame_average=scores_of("a", "b", "c"), temporal_stream=scores_of("a", "c"))


def test_scores_without_clip_ids_are_not_fused(tmp_path):
    old = {k: v for k, v in scores_of("a", "b").items() if k != "test_ids"}
    with pytest.raises(
        ValueError, match="an older version wrote it. Remove .*vidattn run actors-tiny-none-temp"
    ):
        fused(tmp_path, frame_average=scores_of("a", "b"), temporal_stream=old)


def test_a_stream_whose_scores_are_no_numbers_is_not_fused(tmp_path):
    wrong = scores_of("a", "b", test_logits=np.full((2, 2), np.nan))
    with pytest.raises(FloatingPointError, match="temporal_stream-clean-1-0: 2 of 2 test .*first 'a'"):
        fused(tmp_path, frame_average=scores_of("a", "b"), temporal_stream=wrong)

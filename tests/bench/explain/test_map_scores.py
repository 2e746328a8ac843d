"""Scores of planted maps, by hand and by a second implementation, and what maps are held against."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from vidattn.bench.explain import baselines, combined, map_scores, rollout

INSIDE = np.array([[0.75, 0.25], [0.0, 0.0]])[None, None]


def test_scores_by_hand():
    """A map of 2x2 cells with half of its mass in the cell that the actor fills to three quarters."""
    weights = np.array([[-2.0, 1.0], [1.0, 0.0]])[None, None]  # the sign of a gate does not matter
    found = map_scores.score(weights, INSIDE)
    assert found["mass"][0] == pytest.approx((2 * 0.75 + 1 * 0.25) / 4)
    assert found["hits"][0] == 0.75
    assert found["rank"][0] == 0.75  # one cell in four is inside, and the highest has three quarters of it
    assert found["precision"][0] == pytest.approx(0.75 * 0.75 + 0.25 * (1 / 3))
    assert found["auc"][0] == pytest.approx((0.25 * 0.375 + 1.75 * (0.75 + 0.125) + 1.0 * 1) / 3)
    for even in (np.zeros_like(weights), np.ones_like(weights)):
        found = map_scores.score(even, INSIDE)
        assert {name: v[0] for name, v in found.items() if name != "auc"} == dict.fromkeys(
            ("mass", "hits", "rank", "precision"), 0.25
        )
        assert found["auc"][0] == 0.5
    ties = map_scores.score(np.array([[1.0, 1.0], [0.0, 0.0]])[None, None], INSIDE)
    assert ties["hits"][0] == 0.5


@pytest.mark.parametrize(("plant", "expected"), [("mask", 1.0), ("complement", 0.0)])
def test_a_map_that_is_the_mask_scores_one_and_its_complement_zero(plant, expected):
    mask = np.random.default_rng(0).random((5, 3, 6, 6)) < 0.3
    found = map_scores.score(mask if plant == "mask" else ~mask, mask.astype(float))
    for name in ("mass", "hits", "auc", "rank"):
        np.testing.assert_allclose(found[name], expected)
    even = map_scores.score(np.ones_like(mask, float), mask.astype(float))
    np.testing.assert_allclose(even["mass"], mask.mean(axis=(1, 2, 3)))


def test_pixels_are_ranked_as_a_second_implementation_ranks_them():
    """Cells of shares count as their pixels would: each once inside, once outside, by weight."""
    rng = np.random.default_rng(1)
    weights, inside = rng.integers(0, 5, (4, 2, 4, 4)).astype(float), rng.random((4, 2, 4, 4))
    found = map_scores.score(weights, inside)
    for n in range(4):
        auc, precision = [], []
        for t in range(2):
            w, a = (np.tile(weights[n, t].ravel(), 2), inside[n, t].ravel())
            labels, shares = np.repeat([1, 0], 16), np.concatenate([a, 1 - a])
            auc.append(roc_auc_score(labels, w, sample_weight=shares))
            precision.append(average_precision_score(labels, w, sample_weight=shares))
        assert found["auc"][n] == pytest.approx(np.mean(auc))
        assert found["precision"][n] == pytest.approx(np.mean(precision))


def test_frames_without_truth_do_not_count():
    inside = np.zeros((2, 3, 2, 2))
    inside[0, 1, 0, 0] = 1.0
    weights = np.zeros((2, 3, 2, 2))
    weights[0, 1, 0, 0] = weights[0, 0, 1, 1] = 1.0
    found = map_scores.score(weights, inside)
    assert {v[0] for v in found.values()} == {1.0} and all(np.isnan(v[1]) for v in found.values())


def test_masks_become_shares_of_cells():
    masks = np.zeros((3, 4, 4), bool)
    masks[0, :2, :2] = masks[1, 0, 3] = True
    np.testing.assert_array_equal(
        map_scores.covered(masks, (3, 2, 2)), [[[1, 0], [0, 0]], [[0, 0.25], [0, 0]], np.zeros((2, 2))]
    )
    stacked = map_scores.covered(masks, (2, 2, 2), length=1)  # a pair of frames sees the actor in both
    np.testing.assert_array_equal(stacked, [[[1, 0.25], [0, 0]], [[0, 0.25], [0, 0]]])


def test_summary_pairs_scores_with_baselines():
    groups, runs = np.repeat(np.arange(6), 4), np.repeat([0, 1], 12)
    chance = np.linspace(0.1, 0.2, 24)
    mass = chance + 0.3
    mass[0] = np.nan  # a clip without a frame that counts
    both = map_scores.summary({"mass": mass, "entropy": chance}, {"area": {"mass": chance}}, groups, runs)
    assert both["entropy"]["baselines"] == {}
    found = both["mass"]
    beside = found["baselines"]["area"]
    assert beside["difference"] == beside["low"] == pytest.approx(0.3)
    assert beside["value"] == pytest.approx((chance[1:12].mean() + chance[12:].mean()) / 2, abs=1e-6)
    assert (found["n"], found["groups"]) == (23, 6)
    assert json.dumps(found, allow_nan=False)


def test_baselines_by_hand():
    even = baselines.blind((3, 2, 4, 4))
    assert even["area"].shape == even["centre"].shape == (3, 2, 4, 4)
    middle = even["centre"][0, 0]
    assert middle[1, 1] == middle[2, 2] == middle.max()
    assert middle[0, 0] / middle[1, 1] == pytest.approx(np.exp(-((0.375**2) - (0.125**2)) / 0.25**2))
    np.testing.assert_array_equal(baselines.other(np.arange(4)), [2, 3, 0, 1])
    frames = np.zeros((3, 4, 4, 3), np.uint8)
    frames[1, :2, :2] = 100  # comes, and goes again
    np.testing.assert_array_equal(baselines.motion(frames, (3, 2, 2)), [[[100, 0], [0, 0]]] * 3)
    np.testing.assert_array_equal(baselines.motion(frames, (3,)), [25.0] * 3)
    frames[2] = frames[1]
    np.testing.assert_array_equal(baselines.motion(frames, (2, 2, 2), length=1)[:, 0, 0], [100, 0])


def test_stages_are_scaled_before_they_are_averaged():
    """A softmax of a thousandth counts as much as a gate from 0 to 1."""
    small = np.array([[0.0, 0.001], [0.0, 0.0]])[None, None]
    large = np.array([[5.0, 5.0], [9.0, 5.0]])[None, None]
    np.testing.assert_allclose(combined.combine([small, large])[0, 0], [[0, 0.5], [0.5, 0]])
    np.testing.assert_allclose(combined.combine([np.ones((1, 1, 1, 1)), large])[0, 0], [[0, 0], [0.5, 0]])


def test_rollout_by_hand():
    """Two blocks of one head over two frames, averaged; then a query that reads the first token alone."""
    first, second = np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.5, 0.5]])
    maps = {"block2_map": second[None, None], "block1_map": first[None, None]}
    mixed = ((second + np.eye(2)) / 2) @ ((first + np.eye(2)) / 2)
    np.testing.assert_allclose(rollout.weights(maps, 2)[0], mixed.mean(axis=0))
    maps["probe_map"] = np.array([1.0, 0.0])[None, None, None]
    np.testing.assert_allclose(rollout.weights(maps, 2)[0], mixed[0])
    places = np.arange(8.0)[None, None, None] / 28
    np.testing.assert_allclose(rollout.weights({"probe_map": places}, 2), places.reshape(1, 2, 2, 2))
    assert rollout.tokens("block12_map") and not rollout.tokens("time_map")


def test_shapes_of_maps_by_hand():
    even, corner, middle = np.ones((1, 1, 4, 4)), np.zeros((1, 1, 4, 4)), np.zeros((1, 1, 4, 4))
    corner[..., 0, 0] = middle[..., 1, 1] = 2.0
    for maps, entropy, border in (
        (even, 1, 1),
        (corner, 0, 16 / 12),
        (middle, 0, 0),
        (corner + middle, 0.25, 8 / 12),
    ):
        found = map_scores.shape(maps)
        assert found["entropy"][0] == pytest.approx(entropy) and found["border"][0] == pytest.approx(border)
    assert list(map_scores.shape(np.ones((2, 8)))) == ["entropy"]
    assert list(map_scores.shape(np.ones((2, 8, 2, 2)))) == ["entropy"]  # all cells lie at the border

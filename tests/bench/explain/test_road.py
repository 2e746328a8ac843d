"""ROAD: holes are filled as by hand and as by dense algebra; what a model reads goes first, or last."""

import numpy as np

from vidattn.bench.explain import faithfulness, road


def test_one_hole_is_the_weighted_mean_of_what_lies_around_it_by_hand():
    picture = np.arange(9.0).reshape(1, 3, 3, 1) ** 2
    middle, corner = np.zeros((2, 1, 3, 3), bool)
    middle[0, 1, 1] = corner[0, 0, 0] = True
    filled = road.impute(picture, middle)[0, ..., 0]
    assert np.isclose(filled[1, 1], (1 + 9 + 25 + 49) / 6 + (0 + 4 + 36 + 64) / 12)
    assert (filled == picture[0, ..., 0])[~middle[0]].all()
    assert np.isclose(road.impute(picture, corner)[0, 0, 0, 0], (1 / 6 + 9 / 6 + 16 / 12) / (5 / 12))


def test_holes_are_filled_as_by_a_dense_system():
    """Every pixel an unknown, those that are there known: solved as a whole."""
    rng = np.random.default_rng(0)
    pictures, gone = rng.normal(size=(2, 5, 6, 2)), rng.random((2, 5, 6)) < 0.6
    found = road.impute(pictures, gone)
    for picture, hole, made in zip(pictures, gone, found):
        system, right = np.eye(30), picture.reshape(30, 2).copy()
        for place in np.flatnonzero(hole):
            y, x = divmod(place, 6)
            right[place], system[place] = 0, 0
            for other in range(30):
                dy, dx = abs(other // 6 - y), abs(other % 6 - x)
                if max(dy, dx) == 1:
                    weight = 2 if dy + dx == 1 else 1
                    system[place, other], system[place, place] = -weight, system[place, place] + weight
        np.testing.assert_allclose(made.reshape(30, 2), np.linalg.solve(system, right), atol=1e-9)


def test_a_slope_is_filled_without_a_trace_and_noise_is_added_to_holes_alone():
    slope = np.add.outer(np.arange(8.0), 2 * np.arange(8.0))[None, ..., None]
    gone = np.zeros((1, 8, 8), bool)
    gone[0, 2:6, 1:7] = True
    np.testing.assert_allclose(road.impute(slope, gone), slope, atol=1e-9)
    noisy = road.impute(slope, gone, np.random.default_rng(0)) - slope
    assert (noisy[~gone] == 0).all() and 0.3 < noisy[gone].std() / road.NOISE < 3
    np.testing.assert_array_equal(road.impute(slope, np.ones_like(gone)), slope)  # nothing to fill it from


def test_what_a_model_reads_goes_first_or_last():
    """A model that reads a bright corner: a map of the corner, the opposite order, and a random one."""
    x = np.zeros((2, 2, 16, 16, 1), "float32")
    x[:, :, 4:6, 4:6] = 1.0

    def probability(clips):
        return clips[:, :, 4:6, 4:6].mean(axis=(1, 2, 3, 4))

    right = np.zeros((2, 2, 4, 4))
    right[..., 1, 1] = 1.0
    most, least = road.curve(x, right, probability), road.curve(x, -right, probability)
    random = road.curve(x, faithfulness.random_cells(right.shape), probability)
    assert max(most) < 0.2 and min(least) > 0.99  # the corner is filled from the dark around it, or kept
    assert np.mean(most) < np.mean(random) < np.mean(least)
    picture = road.curve(x[:, 0], right[:, :1], lambda p: probability(p[:, None]))
    np.testing.assert_allclose(picture, most, atol=0.05)  # but for the noise

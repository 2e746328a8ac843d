"""The probe of a clip's direction: antisymmetric, blind to what every frame shows, right where time tells."""

import numpy as np
from numpy.testing import assert_allclose

from vidattn.bench.studies import arrow_codec


def clips(count, slope, seed=0):
    """Clips of eight frames with five features; the first grows in time by `slope` a frame."""
    x = np.random.default_rng(seed).normal(size=(count, 8, 5))
    x[..., 0] += slope * np.arange(8) + 4
    return {str(number): clip for number, clip in enumerate(x)}


def test_moments_by_hand():
    x = np.zeros((1, 4, 2))
    x[0, :, 0], x[0, :, 1] = [0.6, 0.6, 0.8, 0.8], [0.8, 0.8, 0.6, 0.6]  # of length 1 each
    # slope of .6 .6 .8 .8 over -1.5 -.5 .5 1.5: (.2 * 1.5 + .2 * .5) / 5 = .08; halves differ by .2
    assert_allclose(arrow_codec.moments({"a": x[0]}, ["a", "absent"]), [[0.08, -0.08, 0.2, -0.2]], atol=1e-6)


def test_moments_turn_their_sign_as_the_clip_turns():
    forward = clips(3, 0.5)
    backward = {clip: x[::-1] for clip, x in forward.items()}
    made = [arrow_codec.moments(way, list(forward)) for way in (forward, backward)]
    assert_allclose(made[0], -made[1], atol=1e-6)


def test_a_probe_finds_a_direction_that_is_there_and_none_that_is_not():
    def hits(slope):
        parts = (arrow_codec.moments(clips(n, slope, n), [str(k) for k in range(n)]) for n in (60, 30, 200))
        return arrow_codec.direction_hits(*parts).mean()

    assert hits(1.0) > 0.85 and 0.35 < hits(0.0) < 0.65


def test_frames_are_coded_one_by_one():
    clip = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype(np.uint8)
    coarse = arrow_codec._recoder(20)(clip)
    assert coarse.shape == clip.shape and (coarse != clip).any()
    np.testing.assert_array_equal(coarse[1:2], arrow_codec._recoder(20)(clip[1:2]))  # whatever its neighbours

import subprocess
import sys

import numpy as np
import pytest
from clips import moving

from vidattn.data.batches import augment
from vidattn.data.extract import flow

STILL = {"rotation": 0, "shear": 0, "zoom": (1, 1), "flip": False}


def fixed(method="affine", rotation=0.0, shear=0.0, zoom=(1.0, 1.0), flip=False, shift=0.0, count=1):
    columns = (np.asarray([value] * count) for value in (rotation, shear, zoom, flip, shift))
    return augment.Draws(method, *columns)


def test_nothing_drawn_leaves_clips_as_they_are():
    clips = np.random.default_rng(0).integers(0, 256, (2, 3, 8, 9, 3)).astype(np.uint8)
    draws = augment.draw(STILL, 0, 0, range(2))
    assert (augment.apply("rgb", clips, draws) == clips).all()
    stacks = clips[..., :2]
    assert np.allclose(augment.apply("flow", stacks, draws), stacks, atol=1e-3)


def test_flip_mirrors_pictures_and_negates_x():
    clips = np.random.default_rng(0).integers(0, 256, (1, 2, 4, 5, 3)).astype(np.uint8)
    assert (augment.apply("rgb", clips, fixed(flip=True)) == clips[:, :, :, ::-1]).all()
    stacks = np.random.default_rng(1).integers(1, 256, (1, 2, 4, 5, 4)).astype(np.uint8)
    out = augment.apply("flow", stacks, fixed(flip=True))
    assert np.allclose(out[..., [0, 2]], 256 - stacks[:, :, :, ::-1, [0, 2]].astype(int), atol=1e-3)
    assert np.allclose(out[..., [1, 3]], stacks[:, :, :, ::-1, [1, 3]], atol=1e-3)


def test_quarter_turn_by_hand():
    picture = np.arange(9, dtype=np.uint8).reshape(1, 1, 3, 3, 1)
    out = augment.apply("rgb", picture, fixed(rotation=90))[0, 0, ..., 0]
    assert out.tolist() == [[6, 3, 0], [7, 4, 1], [8, 5, 2]]  # clockwise, as Keras does
    right = np.full((1, 1, 3, 3, 2), 128, np.float32)
    right[..., 0] += 100  # to the right
    turned = augment.apply("flow", right, fixed(rotation=90))[0, 0, 1, 1] - 128
    assert np.allclose(turned, [0, 100], atol=1e-3)  # down


def test_zoom_by_hand():
    right = np.full((1, 1, 9, 9, 2), 128, np.float32) + [20, 20]
    out = augment.apply("flow", right.astype(np.float32), fixed(zoom=(0.5, 0.8)))[0, 0, 4, 4] - 128
    assert np.allclose(out, [25, 40], atol=1e-3)  # columns magnified by 1/.8, rows by 1/.5
    line = np.zeros((1, 1, 9, 9, 1), np.uint8)
    line[:, :, :, 6] = 200  # 2 from the centre: 4 at twice the size
    assert augment.apply("rgb", line, fixed(zoom=(1.0, 0.5)))[0, 0, 4, 8, 0] == 200


def test_vectors_are_cut_at_the_bound():
    fast = np.full((1, 1, 5, 5, 2), 250, np.uint8)
    assert augment.apply("flow", fast, fixed(zoom=(0.5, 0.5))).max() == 255


@pytest.mark.parametrize("drawn", [{"rotation": 15}, {"shear": -20}, {"zoom": (0.8, 0.9)}, {"flip": True}])
def test_augmented_flow_is_the_flow_of_the_augmented_frames(drawn):
    clip = moving(5, count=2, side=96, shift=(2, 1))
    settings = {"method": "tvl1", "definition": "consecutive"}
    draws = fixed(**drawn)
    warped = augment.apply("rgb", clip[None], draws)[0]
    measured = flow.compute(warped, settings)[0, 32:-32, 32:-32]
    stored = flow.quantise(flow.compute(clip, settings), 8)
    moved = flow.dequantise(augment.apply("flow", stored[None], draws)[0, 0, 32:-32, 32:-32], 8)
    assert np.abs(np.median(measured, (0, 1)) - np.median(moved, (0, 1))).max() < 0.1


@pytest.mark.parametrize("method", ["affine", "keras_cv"])
def test_identical_frames_stay_identical_and_clips_differ(method):
    clips = np.repeat(moving(1, 1)[None], 4, 0).repeat(5, 1)
    settings = {"method": method, "channel_shift": 50}
    out = augment.apply("rgb", clips, augment.draw(settings, 0, 0, range(4)))
    assert (out == out[:, :1]).all()
    assert all((out[a] != out[b]).any() for a in range(4) for b in range(a))
    again = augment.apply("rgb", clips, augment.draw(settings, 0, 0, range(4)))
    assert (out == again).all()
    assert (out != augment.apply("rgb", clips, augment.draw(settings, 0, 1, range(4)))).any()
    alone = augment.apply("rgb", clips[:1], augment.draw(settings, 0, 0, [2]))
    assert (alone[0] == out[2]).all()  # whatever the batch


@pytest.mark.parametrize("drawn", [{"rotation": 17}, {"zoom": (0.8, 0.9)}, {"flip": True}])
def test_keras_cv_does_the_same_to_pictures(drawn):
    clips = moving(2, 2, side=48)[None]
    ours = augment.apply("rgb", clips, fixed(**drawn)).astype(int)[:, :, 12:-12, 12:-12]
    theirs = augment.apply("rgb", clips, fixed("keras_cv", **drawn)).astype(int)[:, :, 12:-12, 12:-12]
    assert np.abs(ours - theirs).mean() < 1.5
    assert np.abs(clips[:, :, 12:-12, 12:-12].astype(int) - theirs).mean() > 5


def test_keras_cv_shears_the_clip_by_the_tangent():
    line = np.zeros((1, 2, 11, 11, 3), np.uint8)
    line[:, :, :, 5] = 255
    out = augment.apply("rgb", line, fixed("keras_cv", shear=45))[0, 0, ..., 0]
    assert (out > 0).sum(1).max() <= 2 and (np.diff(out.argmax(1)[1:5]) != 0).all()  # one column a row


def test_ranges_are_the_thesis_own():
    draws = augment.draw({}, 1, 2, range(300))
    assert np.abs(draws.rotation).max() <= 20 and np.abs(draws.rotation).max() > 18
    assert np.abs(draws.shear).max() <= 20 and np.abs(draws.shear).max() > 18
    assert draws.zoom.min() >= 0.8 and draws.zoom.max() <= 1 and 0.4 < draws.flip.mean() < 0.6
    assert not draws.shift.any()


def test_brightness_stays_within_the_clip():
    clips = np.array([10, 100, 200], np.uint8).reshape(1, 1, 1, 1, 3)
    assert augment.apply("rgb", clips, fixed(shift=50)).ravel().tolist() == [60, 150, 200]
    assert augment.apply("image", clips[:, 0], fixed(shift=-50)).ravel().tolist() == [10, 50, 150]


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match="Did you mean 'rotation'"):
        augment.draw({"rotaton": 3}, 0, 0, [0])
    with pytest.raises(ValueError, match="affine, keras_cv"):
        augment.draw({"method": "cv"}, 0, 0, [0])
    with pytest.raises(ValueError, match="cannot turn flow vectors"):
        augment.apply("flow", np.zeros((1, 1, 2, 2, 2), np.uint8), fixed("keras_cv"))


def test_data_layer_does_not_import_a_framework():
    code = (
        "import sys, vidattn.data.batches.pipeline; assert not {'tensorflow', 'keras_cv'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""The grid pointing game: shares by hand, mosaics of different classes, and a planted network."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import plans

from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.load import load
from vidattn.bench.explain import mosaics
from vidattn.bench.explain.attention_maps import Finished
from vidattn.models.build import build

PARAMS = load(Path(__file__).resolve().parents[3] / "params.yaml")


def test_shares_by_hand():
    maps = np.zeros((4, 2, 2, 2))
    maps[:, 0] = [[4, 1], [0, 3]]
    maps[:, 1, 1, 0] = -2  # a gate counts by its magnitude
    np.testing.assert_allclose(mosaics.share(maps, np.arange(4)), [0.4, 0.1, 0.2, 0.3])
    odd = np.zeros((1, 1, 3, 3))
    odd[0, 0, 0, 0], odd[0, 0, 1, 1] = 1, 4  # the middle lies in all four cells
    np.testing.assert_allclose(mosaics.share(odd, np.array([0])), [0.4])
    np.testing.assert_allclose(mosaics.share(odd, np.array([3])), [0.2])
    np.testing.assert_allclose(mosaics.share(np.zeros((1, 1, 4, 4)), np.array([2])), [0.25])


def test_a_mosaic_plays_four_clips_of_different_classes():
    clips = np.arange(4)[:, None, None, None, None] * np.ones((4, 2, 3, 3, 1))
    made = mosaics.compose(clips)
    assert made.shape == (2, 6, 6, 1)
    np.testing.assert_array_equal(made[1, ::3, ::3, 0], [[0, 1], [2, 3]])
    names = [f"{label}{n}" for label in "abcde" for n in range(3)]
    drawn = mosaics.draw(names, [ord(name[0]) for name in names])
    assert len(drawn) == mosaics.MOSAICS and drawn == mosaics.draw(names, [ord(n[0]) for n in names])
    assert all(len({clip[0] for clip in each}) == 4 for each in drawn)
    assert len({clip for each in drawn for clip in each}) > 8
    assert mosaics.draw(names[:9], [ord(name[0]) for name in names[:9]]) == []  # three classes


def test_a_network_that_reads_colours_points_to_the_cell_of_its_class(monkeypatch):
    """Class k is channel k, from position to position: for every class Grad-CAM lies in its clip's cell."""
    x = keras.Input((2, 16, 16, 4), name="rgb")
    late = keras.layers.ReLU(name="conv4_relu")(keras.ops.reshape(x, (-1, 16, 16, 4)))
    pooled = keras.layers.GlobalAveragePooling2D()(late)
    network = keras.Model({"rgb": x}, keras.ops.mean(keras.ops.reshape(pooled, (-1, 2, 4)), axis=1))
    monkeypatch.setattr(mosaics, "enlarged", lambda found: network)
    monkeypatch.setattr(mosaics, "_recognised", lambda found: (list("abcd"), [0, 1, 2, 3]))

    def batches(found, clips, count):
        classes = np.array(["abcd".index(clip) for clip in clips])
        clips = np.full((4, 2, 8, 8, 4), 0.01, "float32")
        clips[np.arange(4), ..., classes] = 1.0
        return [({"rgb": clips}, classes)]

    monkeypatch.setattr(mosaics, "batches", batches)
    found = mosaics.of_run(SimpleNamespace(plan=SimpleNamespace(plugins={"backbone": "tiny"})))
    assert found["grad_cam"]["mosaic"]["n"] == 4 * mosaics.MOSAICS
    assert found["grad_cam"]["mosaic"]["share"] == round(1 / 1.03, 4)


def test_a_network_is_enlarged_where_its_weights_fit():
    for attention, fits, freeze in (("cbam", True, "none"), ("l2pa", False, "none"), ("cbam", True, "trunk")):
        plan = plans.without_data(Run(Cell("actors", "tiny", attention, "image", "clean"), 1, 0), PARAMS)
        plan = replace(plan, protocol=replace(plan.protocol, freeze=freeze))
        inputs = SimpleNamespace(
            classes="abc", frames=1, flow_length=0, features=None, padded=False, streams={"image": None}
        )
        model = build("tiny", attention, "image", classes=3, size=plan.size)
        made = mosaics.enlarged(Finished(plan, model, inputs))
        assert (made is not None) == fits
        if made:
            assert made.input["image"].shape[1:3] == (2 * plan.size,) * 2
            for mine, theirs in zip(made.get_weights(), model.get_weights()):
                np.testing.assert_array_equal(mine, theirs)

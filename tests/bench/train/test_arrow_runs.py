"""The direction of a clip: heads that ignore the order of frames score exactly one half, others read it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import plans
import pytest

from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.load import load
from vidattn.bench.plan import cell_data
from vidattn.bench.train import loop
from vidattn.bench.train.fold_data import Inputs
from vidattn.data import datasets
from vidattn.data.batches.folds import Fold
from vidattn.data.batches.views import Views

ROOT = Path(__file__).resolve().parents[3]
PARAMS = load(ROOT / "params.yaml")
CELL = Cell("ucf101_12_arrow", "mobilenet_v2", "none", "lstm", "arrow_clean")


class Stored:
    """24 clips of four frames with six features: whole numbers, of which the last grows in time."""

    path, settings, versions, digest, failed, packed = Path("x"), {}, {}, "", {}, False
    ids = tuple(f"c{number:02d}" for number in range(24))
    shape, dtype, ragged = (6,), np.dtype("float16"), False
    lengths = np.full(24, 4)
    clips = np.random.default_rng(0).integers(-4, 5, (24, 4, 6)).astype("float16")
    clips[..., 5] = [-3, -1, 1, 3]

    def read(self, ids, frames=None):
        return self.clips[[self.ids.index(clip) for clip in ids]]


@pytest.fixture
def inputs():
    dataset = datasets.load("ucf101_12_arrow", PARAMS.datasets)
    clips = Views(Stored(), dataset.views)
    labels = {clip: dataset.classes.index(clip.split("_")[1]) for clip in clips.ids}
    fold = Fold("x", "official", 1, clips.ids[:24], clips.ids[24:32], clips.ids[32:], {}, {})
    return Inputs({"features": clips}, labels, {}, dataset.classes, fold, 4, 6, 1)


def accuracy(inputs, architecture, tmp_path):
    run = Run(Cell("actors", "tiny", "none", architecture, "clean"), 1, 0)
    plan = plans.without_data(run, PARAMS)
    protocol = replace(plan.protocol, epochs=15, batch=4, optimizer=OPTIMIZER)
    plan = replace(plan, protocol=protocol, architecture_params=SMALL.get(architecture, {}))
    model, _ = loop.fit(plan, inputs, tmp_path, lambda line: None)
    logits, labels = inputs.predict(model.scores, "test", protocol)
    return (logits.argmax(axis=1) == labels).mean(), logits


OPTIMIZER = {"name": "adam", "learning_rate": 0.01}
SMALL = {"lstm": {"units": 8, "dense": 8, "dropout": 0.0}, "late_pooling": {"dense": 8}}


@pytest.mark.parametrize("architecture", ["mean_linear", "frame_average", "late_pooling"])
def test_what_ignores_the_order_of_frames_scores_exactly_one_half(inputs, architecture, tmp_path):
    score, logits = accuracy(inputs, architecture, tmp_path)
    np.testing.assert_allclose(logits[::2], logits[1::2], atol=1e-5)  # both directions of a clip
    assert score == 0.5


def test_what_reads_the_order_of_frames_can_tell_the_direction(inputs, tmp_path):
    assert accuracy(inputs, "lstm", tmp_path)[0] == 1.0


@pytest.mark.parametrize(
    "changes, frames, message",
    [
        ({"architecture": "temporal_stream"}, 8, "this cell reads flow, which is stored forward only"),
        ({"architecture": "two_stream"}, 8, "this cell reads flow"),
        ({"architecture": "image"}, 8, "this cell reads one frame a clip"),
        ({}, 1, "this cell reads one frame a clip. Expected an architecture of STREAMS"),
    ],
)
def test_what_sees_no_sequence_is_refused_in_one_line(changes, frames, message):
    short = replace(PARAMS.protocols["arrow_clean"], frames=frames)
    params = replace(PARAMS, protocols={**PARAMS.protocols, "arrow_clean": short})
    with pytest.raises(ParamsError, match=message):
        cell_data.dataset(CELL.with_(**changes), params)


def test_a_derived_data_set_has_the_key_of_its_plug_ins_and_the_place_of_its_source():
    assert cell_data.stored("ucf101_12_arrow", PARAMS) == "ucf101_12"
    assert cell_data.plugins("ucf101_12_arrow", PARAMS) == ["arrow", "ucf101_12"]
    assert cell_data.plugins("actors", PARAMS) == ["actors"]

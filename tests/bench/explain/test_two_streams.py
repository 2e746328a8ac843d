"""Maps of two streams as one: scaled first, spread in time, of the class that the fusion predicts."""

from pathlib import Path

import numpy as np
import pytest

from vidattn.bench.config import load
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.explain import attention_maps, gallery, run_scores, score_cells, two_streams
from vidattn.bench.runner import store
from vidattn.bench.train import late_fusion

PARAMS = load.load(Path(__file__).resolve().parents[3] / "params.yaml")
CELL = Cell("actors", "tiny", "cbam", "two_stream", "clean")


def test_streams_are_scaled_then_averaged_by_hand():
    """RGB from 0 to a thousandth counts as much as flow from 5 to 9; one stack stands for two frames."""
    rgb = np.array([[[0.0, 0.001], [0.0, 0.0]], [[0.001, 0.0], [0.0, 0.0]]])[None]
    flow = np.array([[5.0, 5.0], [9.0, 7.0]])[None, None]
    first = {"early": rgb, "time": np.ones((1, 2)), "late": rgb, "grad_cam": np.zeros((0, 2, 2, 2))}
    found = two_streams.joined(first, {"early": flow, "time": np.ones((1, 1)), "grad_cam": rgb})
    assert list(found) == ["early"]  # the others are of one stream, of no place, or not of the same clips
    np.testing.assert_allclose(found["early"][0], [[[0, 0.5], [0.5, 0.25]], [[0.5, 0], [0.5, 0.25]]])


class Explained:
    """A stream's maps, that say which class they were made for."""

    def __init__(self, value, steps):
        self.value, self.steps = value, steps

    def __call__(self, clips, classes):
        maps = np.zeros((len(clips), self.steps, 2, 2))
        maps[np.arange(len(clips)), :, classes, self.value] = 1.0
        return {"grad_cam": maps}


@pytest.fixture
def fused(monkeypatch):
    """Clip a is of class 0 for the fusion, b of class 1; RGB marks the left column, flow the right one."""
    probabilities = {"a": np.array([0.8, 0.2]), "b": np.array([0.1, 0.9])}

    def collected(part, clips, classes):
        return part(clips, classes), part(clips, 1 - classes)

    monkeypatch.setattr(run_scores, "collected", collected)
    return two_streams.Fused((Explained(0, 4), Explained(1, 2)), probabilities)


def test_scores_are_of_joined_maps_of_what_the_fusion_predicts(fused, monkeypatch):
    class Truth:
        clips = ("b", "a")

        def __init__(self, found):
            assert found is fused.parts[0]  # the truth is that of the frames

        def scores(self, maps, untrained):
            return {"map": maps, "untrained": untrained}

    monkeypatch.setattr(two_streams, "Truth", Truth)
    found = two_streams.scores(fused)["grad_cam"]
    rows = np.array([[[0, 0], [0.5, 0.5]], [[0.5, 0.5], [0, 0]]])
    np.testing.assert_allclose(found["map"], np.broadcast_to(rows[:, None], (2, 4, 2, 2)))
    np.testing.assert_allclose(found["untrained"], np.broadcast_to(rows[::-1, None], (2, 4, 2, 2)))


def test_a_gallery_shows_the_frames_with_joined_maps(fused, monkeypatch):
    asked = []

    def clips(part, chosen, every, classes):
        names = ["b", "a"] if isinstance(chosen, int) else chosen
        asked.append(names)
        maps = part(names, classes(names))["grad_cam"]
        shown = {"label": "left", "frames": part.value, "prediction": "of one stream"}
        return [{"clip": c, **shown, "maps": {"grad_cam": m}} for c, m in zip(names, maps)]

    monkeypatch.setattr(attention_maps, "clips", clips)
    monkeypatch.setattr(two_streams, "load", lambda run, params: fused)
    monkeypatch.setattr(
        Explained, "inputs", type("Inputs", (), {"classes": ("left", "right")}), raising=False
    )
    found = gallery._clips(Run(CELL, 1, 0), PARAMS, 2)
    assert asked == [["b", "a"]] * 2
    assert [clip["prediction"] for clip in found] == ["right", "left"]
    assert [clip["confidence"] for clip in found] == [0.9, 0.8]
    assert found[0]["frames"] == 0  # of RGB
    np.testing.assert_allclose(found[0]["maps"]["grad_cam"], [[[0, 0], [0.5, 0.5]]] * 4)


def test_a_fused_run_is_loaded_from_its_streams(monkeypatch):
    scores = {"test_ids": np.array(["a", "b"]), "test_logits": np.log([[0.75, 0.25], [0.5, 0.5]])}
    monkeypatch.setattr(two_streams.run_plan, "resolve", lambda run, params: run)
    monkeypatch.setattr(store, "finished", lambda run, same_device: Path("there"))
    monkeypatch.setattr(late_fusion, "stored", lambda path, run: scores)
    monkeypatch.setattr(attention_maps, "load", lambda run, params: run.id)
    found = two_streams.load(Run(CELL, 2, 1), PARAMS)
    assert found.parts == (
        "actors-tiny-cbam-frame_average-clean-2-1",
        "actors-tiny-cbam-temporal_stream-clean-2-1",
    )
    np.testing.assert_allclose(found.probabilities["a"], [0.75, 0.25])
    monkeypatch.setattr(store, "finished", lambda run, same_device: None)
    with pytest.raises(ParamsError, match="Make it with: vidattn run actors-tiny-cbam-two_stream-clean"):
        two_streams.load(Run(CELL, 2, 1), PARAMS)


def test_fused_cells_can_be_scored_and_probes_cannot(tmp_path):
    from dataclasses import replace

    (tmp_path / "actors" / "truth").mkdir(parents=True)
    params = replace(PARAMS, store=str(tmp_path))
    assert score_cells.reason(CELL, params) == ""
    probe = next(
        a
        for a in PARAMS.architectures
        if not score_cells.cell_kinds.is_network(CELL.with_(architecture=a), params)
    )
    assert "it is a probe" in score_cells.reason(CELL.with_(architecture=probe), params)

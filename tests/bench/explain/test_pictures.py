"""Galleries, moving overlays and files of one's own."""

import io
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from vidattn.bench.cli import explain_commands
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.load import load
from vidattn.bench.explain import attention_maps, gallery, overlay_video

CELL = Cell("actors", "tiny", "cbam", "frame_average", "clean")


def clip(name="c", prediction="a"):
    frames = np.full((3, 8, 8, 3), 90, np.uint8) + np.arange(0, 90, 30, dtype=np.uint8)[:, None, None, None]
    maps = {"early": np.ones((3, 2, 2)), "late": np.eye(2)[None].repeat(3, 0), "time": np.ones(3) / 3}
    maps |= {"combined": maps["late"], "grad_cam": maps["late"], "grad_cam_early": maps["early"]}
    return {"clip": name, "label": "a", "prediction": prediction, "frames": frames, "maps": maps}


def test_a_moving_overlay_has_a_panel_for_every_map_of_places(tmp_path):
    frames = overlay_video.pictures([clip(), clip()])
    side, strip = overlay_video.SIDE, overlay_video.STRIP
    assert frames.shape == (3, 2 * (side + strip), 6 * side, 3)  # frames and five maps; bars do not move
    moving = Image.open(io.BytesIO(overlay_video.gif(frames)))
    assert moving.n_frames == 3 and moving.size == (6 * side, 2 * (side + strip))
    video = cv2.VideoCapture(str(overlay_video.write(tmp_path / "a.mp4", frames)))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 3 and video.read()[1].shape == frames.shape[1:]
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_gallery_has_a_row_for_attention_and_one_for_grad_cam():
    found = gallery.rows(CELL, clip()["maps"])
    assert [(name, list(maps)) for name, maps in found] == [
        ("cbam", ["combined", "early", "late"]),
        ("cbam\nGrad-CAM", ["early", "late"]),
    ]
    plain = {"grad_cam": np.ones((3, 2, 2))}
    assert [name for name, _ in gallery.rows(CELL.with_(attention="none"), plain)] == ["none\nGrad-CAM"]


@dataclass
class Finished:
    """Stands in for a trained model with its test clips."""

    plan = SimpleNamespace(id="run")
    inputs = SimpleNamespace(ids=lambda role: ["c", "d"])


def test_galleries_are_of_what_is_trained_and_name_what_is_missing(tmp_path, monkeypatch):
    trained = [CELL, CELL.with_(attention="none")]
    monkeypatch.setattr(gallery, "_there", lambda run, params: run.cell in trained)
    monkeypatch.setattr(attention_maps, "load", lambda run, params: run)
    shown = []

    def clips(found, chosen, every):
        shown.append(chosen)
        return [clip("c", "b"), clip("d")]

    monkeypatch.setattr(attention_maps, "clips", clips)
    runs = [[Run(CELL, 1, 0)], [Run(CELL.with_(attention="se"), 1, 0)], [Run(trained[1], 1, 0)]]
    told = []
    params = load(Path(__file__).resolve().parents[3] / "params.yaml")
    assert gallery.write_all(runs, params, tmp_path, told.append) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["actors-tiny-frame_average-clean.png"]
    assert told[0].startswith("actors-tiny-se-frame_average-clean: missing, train it: vidattn run")
    assert shown == [gallery.CLIPS, ["c", "d"]]  # all models show the same clips
    with pytest.raises(ParamsError, match="No two trained models"):
        gallery.write_all(runs[1:2], params, tmp_path, told.append)


def options(path=None, out=None):
    return Namespace(path=path, out=out, clip=None, count=2)


def test_a_file_or_a_clip_is_explained_and_anything_else_told(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(attention_maps, "load", lambda run, params: Finished())
    monkeypatch.setattr(attention_maps, "clips", lambda found, chosen: asked.append(chosen) or [clip()])
    monkeypatch.setattr(attention_maps, "own_frames", lambda found, path: asked.append(path.name))
    monkeypatch.setattr(attention_maps, "seen", lambda found, frames, name: clip(name))
    (tmp_path / "mine.mp4").write_bytes(b"video")
    for path in (None, "d", str(tmp_path / "mine.mp4")):
        explain_commands.draw(options(path, str(tmp_path / "seen.gif")), Run(CELL, 1, 0), None)
        assert (tmp_path / "seen.gif").stat().st_size
    assert asked == [2, ["d"], "mine.mp4"]
    with pytest.raises(ParamsError, match="'e' is no file and no test clip of run. The first are: c, d"):
        explain_commands.draw(options("e"), Run(CELL, 1, 0), None)
    with pytest.raises(ParamsError, match="ends in .png, .gif, .mp4, got seen.avi"):
        explain_commands.draw(options("d", "seen.avi"), Run(CELL, 1, 0), None)


def test_a_model_of_flow_cannot_see_a_file():
    found = SimpleNamespace(stream="flow", plan=SimpleNamespace(id="run"))
    with pytest.raises(ParamsError, match="reads flow, which a file does not have: name a test clip"):
        attention_maps.seen(found, np.zeros((3, 8, 8, 3)), "mine.mp4")

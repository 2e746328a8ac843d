"""Weights of a backbone: on request random, from a folder, or ImageNet's; what stands for them in keys."""

from dataclasses import replace
from pathlib import Path

import pytest

from vidattn.bench.config.cell import Cell
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.load import load
from vidattn.bench.plan import cell_inputs, run_key
from vidattn.bench.system import digests

CELL = Cell("actors", "mobilenet_v2", "none", "frame_average", "clean")


def data_digest(cell, params):
    return digests.digest_files(run_key.data_files(cell, params))


def asked(weights: str, tmp_path: Path):
    loaded = load()
    protocol = replace(loaded.protocols["clean"], weights=weights)
    return replace(loaded, store=str(tmp_path / "store"), protocols={"clean": protocol})


@pytest.fixture
def folder(tmp_path) -> str:
    for name in ("mobilenet_v2.txt", "mobilenet_v2.weights.h5", "xception.npz"):
        (tmp_path / name).write_text(name)
    return f"{tmp_path}/"


def test_weights_come_from_the_folder_that_the_protocol_names(folder, tmp_path):
    chosen = asked(folder, tmp_path)
    assert cell_inputs.backbone_params(CELL, chosen)["weights"] == f"{folder}mobilenet_v2.weights.h5"
    assert cell_inputs.weights_key(CELL, chosen).startswith("file ")


def test_a_folder_without_the_backbone_is_an_error_that_says_what_it_should_hold(folder, tmp_path):
    cell = replace(CELL, backbone="vgg16")
    with pytest.raises(ParamsError, match="clean.weights: no file of 'vgg16' in .*vgg16.npz .folded. or"):
        cell_inputs.backbone_params(cell, asked(folder, tmp_path))


def test_two_files_of_a_backbone_are_an_error_that_names_both(folder, tmp_path):
    Path(folder, "mobilenet_v2.npz").write_text("which?")
    with pytest.raises(ParamsError, match="two files of .*mobilenet_v2.npz and mobilenet_v2.weights.h5"):
        cell_inputs.weights_file(CELL, asked(folder, tmp_path))


def test_a_plain_h5_is_no_file_of_weights(folder, tmp_path):
    """Keras takes it for one of its older format."""
    (tmp_path / "vgg16.h5").write_text("w")
    with pytest.raises(ParamsError, match="no file of 'vgg16'"):
        cell_inputs.weights_file(replace(CELL, backbone="vgg16"), asked(folder, tmp_path))


def test_random_weights_only_where_they_are_asked_for(tmp_path):
    assert "weights" not in cell_inputs.backbone_params(CELL, asked("random", tmp_path))
    chosen = asked("imagenet", tmp_path)
    assert (
        cell_inputs.backbone_params(CELL, chosen)["weights"] == "imagenet"
    )  # keras.applications has them or fails
    path = cell_inputs.weights_folder(chosen) / "mobilenet_v2.npz"
    path.parent.mkdir(parents=True)
    path.write_text("w")
    assert cell_inputs.backbone_params(CELL, chosen)["weights"] == str(path)


def test_other_weights_make_another_run_of_a_network_that_is_trained(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("vidattn.bench.plan.cell_inputs.stream_paths", lambda cell, params: {})
    chosen = asked(folder, tmp_path)
    index = Path(chosen.store) / "actors" / "index.csv"
    index.parent.mkdir(parents=True)
    index.write_text("clip\n")
    before = data_digest(CELL, chosen)
    assert before != data_digest(CELL, asked("random", tmp_path))
    (Path(folder) / "mobilenet_v2.weights.h5").write_text("other")
    assert before != data_digest(CELL, chosen)
    frozen = replace(chosen.protocols["clean"], encoder="frozen")  # its features say what made them
    chosen = replace(chosen, protocols={"clean": frozen})
    assert data_digest(CELL, chosen) == data_digest(CELL, asked("random", tmp_path))


@pytest.mark.parametrize(
    ("attention", "architecture", "changes", "pool"),
    [
        ("none", "frame_average", {}, "maps"),
        ("l2pa", "image", {}, "maps"),
        ("cbam", "frame_average", {}, None),  # acts inside the trunk
        ("none", "temporal_stream", {}, None),  # reads flow
        ("none", "frame_average", {"freeze": "norms"}, None),
        ("none", "frame_average", {"augment": {"flip": True}}, None),
        ("none", "frame_average", {"train_frames": 1}, None),
        ("none", "frame_average", {"freeze": None, "encoder": "frozen", "pool": "flat"}, "flat"),
    ],
)
def test_what_stands_on_a_frozen_trunk_reads_its_stored_maps(
    attention, architecture, changes, pool, tmp_path
):
    loaded = asked("imagenet", tmp_path)
    protocol = replace(loaded.protocols["clean"], **{"freeze": "trunk", **changes})
    cell = replace(CELL, attention=attention, architecture=architecture)
    assert cell_inputs.pool(cell, replace(loaded, protocols={"clean": protocol})) == pool

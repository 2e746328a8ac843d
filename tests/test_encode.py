"""Weights of a backbone: on request random, from a folder, or ImageNet's; what stands for them in keys."""

from dataclasses import replace
from pathlib import Path

import pytest

from vidattn.bench import encode, executor, params
from vidattn.bench.cell import Cell

CELL = Cell("actors", "mobilenet_v2", "none", "frame_average", "clean")


def asked(weights: str, tmp_path: Path):
    loaded = params.load()
    protocol = replace(loaded.protocols["clean"], weights=weights)
    return replace(loaded, store=str(tmp_path / "store"), protocols={"clean": protocol})


@pytest.fixture
def folder(tmp_path) -> str:
    for name in ("mobilenet_v2.txt", "mobilenet_v2.weights.h5", "xception.npz"):
        (tmp_path / name).write_text(name)
    return f"{tmp_path}/"


def test_weights_come_from_the_folder_that_the_protocol_names(folder, tmp_path):
    chosen = asked(folder, tmp_path)
    assert encode.backbone_params(CELL, chosen)["weights"] == f"{folder}mobilenet_v2.weights.h5"
    assert encode.weights_key(CELL, chosen).startswith("file ")


def test_a_folder_without_the_backbone_is_an_error_that_says_what_it_should_hold(folder, tmp_path):
    cell = replace(CELL, backbone="vgg16")
    with pytest.raises(
        params.ParamsError, match="clean.weights: no file of 'vgg16' in .*vgg16.npz .folded. or"
    ):
        encode.backbone_params(cell, asked(folder, tmp_path))


def test_two_files_of_a_backbone_are_an_error_that_names_both(folder, tmp_path):
    Path(folder, "mobilenet_v2.npz").write_text("which?")
    with pytest.raises(
        params.ParamsError, match="two files of .*mobilenet_v2.npz and mobilenet_v2.weights.h5"
    ):
        encode.weights_file(CELL, asked(folder, tmp_path))


def test_a_plain_h5_is_no_file_of_weights(folder, tmp_path):
    """Keras takes it for one of its older format."""
    (tmp_path / "vgg16.h5").write_text("w")
    with pytest.raises(params.ParamsError, match="no file of 'vgg16'"):
        encode.weights_file(replace(CELL, backbone="vgg16"), asked(folder, tmp_path))


def test_random_weights_only_where_they_are_asked_for(tmp_path):
    assert "weights" not in encode.backbone_params(CELL, asked("random", tmp_path))
    chosen = asked("imagenet", tmp_path)
    assert (
        encode.backbone_params(CELL, chosen)["weights"] == "imagenet"
    )  # keras.applications has them or fails
    path = encode.weights_folder(chosen) / "mobilenet_v2.npz"
    path.parent.mkdir(parents=True)
    path.write_text("w")
    assert encode.backbone_params(CELL, chosen)["weights"] == str(path)


def test_other_weights_make_another_run_of_a_network_that_is_trained(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("vidattn.bench.inputs.stream_paths", lambda cell, params: {})
    chosen = asked(folder, tmp_path)
    index = Path(chosen.store) / "actors" / "index.csv"
    index.parent.mkdir(parents=True)
    index.write_text("clip\n")
    before = executor.data_digest(CELL, chosen)
    assert before != executor.data_digest(CELL, asked("random", tmp_path))
    (Path(folder) / "mobilenet_v2.weights.h5").write_text("other")
    assert before != executor.data_digest(CELL, chosen)
    frozen = replace(chosen.protocols["clean"], encoder="frozen")  # its features say what made them
    chosen = replace(chosen, protocols={"clean": frozen})
    assert executor.data_digest(CELL, chosen) == executor.data_digest(CELL, asked("random", tmp_path))

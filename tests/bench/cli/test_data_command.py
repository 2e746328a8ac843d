"""`vidattn data` with bad input: one line that says what is wrong and what to do, never a traceback."""

import errno
import shutil
from pathlib import Path

import numpy as np
import pytest
from clips import change_row, write_dataset

from vidattn.bench.cli import parser
from vidattn.bench.config.cell import Cell
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.load import load
from vidattn.bench.plan import cell_inputs
from vidattn.data.shards import format as shards

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project folder with four clips of ucf101_12 in its index, one of them bad."""
    for name in ("params.yaml", "cells.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / "data/store", "ucf101_12", 4)
    change_row(tmp_path / "data/store", "ucf101_12", "c003", status="quarantined", reason="the file is cut")
    return tmp_path


def said(capsys, *arguments: str) -> str:
    """What the command tells the user: its last line."""
    with pytest.raises(SystemExit) as end:
        parser.main(["data", *arguments])
    if isinstance(end.value.code, str):
        return end.value.code
    return "".join(capsys.readouterr()).strip().splitlines()[-1]


def test_a_suite_that_does_not_read_a_data_set_names_one_that_does(project, capsys):
    for kind in ("frames", "flow", "features"):
        line = said(capsys, kind, "ucf101_12", "--suite", "ci")
        assert f"reads no {kind} of 'ucf101_12'; this one does: vidattn data {kind} ucf101_12 --suite" in line
    assert "no other suite" in said(capsys, "flow", "cifar100")


def test_look_names_the_command_that_makes_what_it_needs(project, capsys):
    assert "needs a clip too: ucf101_12/<clip>" in said(capsys, "look", "ucf101_12")
    line = said(capsys, "look", "ucf101_12/c000", "--suite", "ci")
    assert line.endswith("vidattn data frames ucf101_12 --suite ucf101_12")
    said(capsys, "frames", "ucf101_12", "--suite", "ucf101_12")
    assert said(capsys, "look", "ucf101_12/c000", "--suite", "ucf101_12") == "look.png"
    assert "Did you mean 'c000'" in said(capsys, "look", "ucf101_12/c000x")
    assert said(capsys, "look", "ucf101_12/c003").endswith("is excluded (unreadable): the file is cut.")


def test_look_shows_what_the_suites_of_any_data_set_read(project, capsys):
    """The frames of icip_clean are of another number and size than those of the protocol `clean`."""
    line = said(capsys, "look", "ucf101_12/c000", "--suite", "icip")
    assert "frames/uniform-8-224" in line and line.endswith("vidattn data frames ucf101_12 --suite icip")
    write_dataset(project / "data/store", "hmdb51", 2)
    assert said(capsys, "look", "hmdb51/c000").endswith("vidattn data frames hmdb51 --suite two_stream")
    for action, name in (("frames", "hmdb51"), ("look", "hmdb51/c000")):
        said(capsys, action, name, "--suite", "two_stream")
    assert (project / "look.png").is_file()


def test_a_full_disk_is_named_and_the_same_command_goes_on(project, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    def short(*_, **__):
        raise OSError("8429568 requested and 1970048 written")

    for fail in (full, short):
        with monkeypatch.context() as patch:
            patch.setattr(np, "save", fail)
            line = said(capsys, "frames", "ucf101_12", "--suite", "icip")
        assert "The disk of data/store/ucf101_12/frames is full" in line and "same command again" in line
        assert "make data/store a link to a folder on another disk" in line  # dvc.yaml knows no other place
    assert line.count("\n") == 0
    assert "2 stores in one pass" in said(capsys, "frames", "ucf101_12", "--suite", "icip")
    assert not list(project.rglob("*.tmp"))


def test_a_store_that_may_not_be_written_is_named(project, capsys, monkeypatch):
    def denied(path, fill):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(shards, "place", denied)
    line = said(capsys, "frames", "ucf101_12", "--suite", "ucf101_12")
    assert "No access to data/store/ucf101_12/frames/uniform" in line
    assert "make data/store a link to a folder" in line and "params.yaml" not in line


def test_files_that_are_not_there_and_names_that_are_misspelt(project, capsys):
    assert "There is no file gone.npz" in said(capsys, "weights", "mobilenet_v2", "gone.npz")
    assert "Did you mean 'mobilenet_v2'" in said(capsys, "weights", "mobilnet_v2", "gone.npz")
    assert "Did you mean 'ucf101_12'" in said(capsys, "frames", "ucf101_21")
    assert "nothing at" in said(capsys, "import", "ucf101_12", "gone")


def test_the_newest_file_of_weights_counts_and_keeps_the_ending_that_keras_reads(project, capsys):
    loaded = load(ROOT / "params.yaml")
    cell = Cell("ucf101_12", "mobilenet_v2", "none", "lstm", "icip_clean")
    (project / "data/store/weights").mkdir()
    (project / "data/store/weights/mobilenet_v2.h5").write_text("of an earlier version")
    for file in ("mine.weights.h5", "mine.npz", "mine.weights.h5"):
        Path(file).write_text(file)
        stored = f"data/store/weights/mobilenet_v2{file.removeprefix('mine')}"
        assert said(capsys, "weights", "mobilenet_v2", file) == stored
        assert cell_inputs.weights_file(cell, loaded) == Path(stored) and Path(stored).read_text() == file
        assert len(list(Path(stored).parent.iterdir())) == 2  # the file and its seal
    Path("mine.h5").write_text("legacy")
    Path(stored).write_text("mine.weights.h4")
    with pytest.raises(ParamsError, match=f"{stored} is damaged: .* vidattn data weights mobilenet_v2"):
        cell_inputs.weights_file(cell, loaded)
    assert "ends in .npz (folded) or in .weights.h5" in said(capsys, "weights", "mobilenet_v2", "mine.h5")


def test_a_name_that_is_not_given(project, capsys):
    """To add wants a new one; weights are of a backbone."""
    line = said(capsys, "add")
    assert line.endswith(
        "add needs a new name and the folder of your clips, as in: vidattn data add mine clips/"
    )
    assert said(capsys, "weights").startswith("vidattn: vidattn data weights needs the name of a backbone: ")
    assert said(capsys, "frames").startswith(
        "vidattn: vidattn data frames needs the name of a data set: actors, "
    )


def test_status_of_one_data_set(project, capsys):
    assert "Did you mean 'ucf101_12'" in said(capsys, "status", "ucf101_21")
    with pytest.raises(SystemExit):
        parser.main(["data", "status", "hmdb51"])
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == ["dataset", "hmdb51"]


def test_many_bad_clips_are_counted_and_only_some_named(project, capsys):
    lines = ["class,file,sha256,split1"]
    lines += [f"Archery,clips/Archery/v_Archery_g{n:02d}_c01.mp4,,train" for n in range(1, 26)]
    (project / "data/store/ucf101_12/raw/manifest.csv").write_text("\n".join(lines))
    assert said(capsys, "index", "ucf101_12") == "  and 15 more, listed in data/store/ucf101_12/index.csv"


@pytest.mark.parametrize(("cut", "why"), [(0, "is no readable csv"), (5, "has the columns"), (-9, "ends in")])
def test_a_damaged_index_is_named_with_the_command_that_writes_it(project, capsys, cut, why):
    index = project / "data/store/ucf101_12/index.csv"
    index.write_text(index.read_text()[:cut])
    line = said(capsys, "status")
    assert line.startswith(f"vidattn: data/store/ucf101_12/index.csv {why}") and "\n" not in line
    assert line.endswith("Write it again with: vidattn data index ucf101_12")


def test_an_index_without_a_good_clip_says_what_to_do(project, capsys):
    index = project / "data/store/ucf101_12/index.csv"
    index.write_text(index.read_text().replace(",ok,", ",quarantined,"))
    assert "import the data set, then index it" in said(capsys, "frames", "ucf101_12", "--suite", "ucf101_12")

"""Official lists: whole or refused, whatever their line ends, their letters and their encoding."""

import shutil

import pandas as pd
import pytest

from vidattn.data.acquire import import_files
from vidattn.data.datasets import hmdb51, ucf101
from vidattn.data.files import split_lists
from vidattn.data.index import manifest

HOW = "vidattn data fetch ucf101"


@pytest.fixture
def lists(shared, tmp_path):
    """A copy of the lists of UCF101 that a test may damage."""
    return shutil.copytree(
        shared / "ucf101_splits", tmp_path / "ucf101/raw/splits", copy_function=shutil.copyfile
    )


def test_a_list_that_is_cut_at_a_line_end_is_refused(lists, cases, tmp_path):
    shutil.copyfile(cases / "testlist01_cut.txt", lists / "testlist01.txt")
    with pytest.raises(
        ValueError, match="testlist01.txt is not the official list: it has 60 entries, of 3783. Get"
    ):
        ucf101.items(tmp_path / "ucf101")


def test_a_list_of_as_many_other_clips_is_refused(lists):
    text = (lists / "testlist01.txt").read_text()
    (lists / "testlist01.txt").write_text(text.replace("ApplyEyeMakeup_g01_c01", "ApplyEyeMakeup_g08_c01"))
    with pytest.raises(ValueError, match="testlist01.txt is not the official list: it names other clips"):
        split_lists.ucf_lists(lists, 1, HOW)


def test_line_ends_order_and_letters_do_not_make_another_list(lists):
    whole = split_lists.ucf_lists(lists, 1, HOW)
    lines = (lists / "testlist01.txt").read_text().splitlines()
    (lists / "testlist01.txt").write_bytes("\n".join(sorted(lines, reverse=True)).upper().encode("utf-16"))
    other = split_lists.ucf_lists(lists, 1, HOW)
    assert other.train == whole.train and len(other.test) == 3783


@pytest.mark.parametrize("name", ["testlist01_bom.txt", "testlist01_utf16.txt"])
def test_marks_of_an_encoding_are_not_read_as_names(cases, name):
    read = split_lists.read(cases / name, HOW)
    assert len(read) == 5 and read[0] == "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi"


@pytest.mark.parametrize("content", [b"A/v_A_g01_c01.avi\xff\n", "A/v_A_g01_c01.avi\n".encode("utf-16-le")])
def test_what_is_no_text_is_named(tmp_path, content):
    (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"list.txt is no text in UTF-8.*Get it with: vidattn data fetch ucf101"
    ):
        split_lists.read(tmp_path / "list.txt", HOW)


def test_the_lists_of_hmdb51_are_whole_or_refused(shared, tmp_path):
    copy = shutil.copytree(shared / "hmdb51_splits", tmp_path / "raw/splits", copy_function=shutil.copyfile)
    path = copy / "wave_test_split1.txt"
    lines = path.read_text().splitlines()
    tested = next(number for number, line in enumerate(lines) if line.split()[-1] == "2")
    path.write_text("\n".join(lines[:tested] + lines[tested + 1 :]))
    with pytest.raises(
        ValueError, match="wave_test_split1.txt is not the official list: it marks 29 clips 2, of 30"
    ):
        hmdb51.items(tmp_path)
    unused = next(number for number, line in enumerate(lines) if line.split()[-1] == "0")
    path.write_text("\n".join(lines[:unused] + lines[unused + 1 :]))
    with pytest.raises(ValueError, match="has not all .* of split 1: together they name 6765 clips, of 6766"):
        hmdb51.items(tmp_path)
    path.write_text("\n".join(lines).replace("wave", "wawe", 1))
    with pytest.raises(ValueError, match="splits does not hold the official .* split 1: they name other"):
        hmdb51.items(tmp_path)
    path.write_text("\n".join(lines))
    for number in (1, 2, 3):
        assert hmdb51.sides(tmp_path, pd.DataFrame(), number).test


def test_files_and_lists_may_spell_a_clip_in_other_letters(lists, cases, tmp_path):
    """The archive that is fetched says HandstandPushups where the lists say HandStandPushups."""
    assert import_files.import_dataset("ucf101", cases / "handstand.zip", tmp_path).files == 4
    clips = tmp_path / "ucf101/raw/clips/HandstandPushups"
    (clips / "v_HandstandPushups_g01_c04.avi").rename(clips / "v_HandstandPushups_g01_c04.AVI")
    index = manifest.build("ucf101", tmp_path, workers=1).set_index("clip")
    there = index[index["reason"] != "the file is missing"]
    assert list(there.index) == [f"v_HandStandPushups_g01_c0{number}" for number in (1, 2, 3, 4)]
    assert set(there["label"]) == {"HandstandPushups"} and set(there["group"]) == {"HandstandPushups_g01"}
    sides = ucf101.sides(tmp_path / "ucf101", index.reset_index(), 1)
    assert set(there.index) <= set(sides.test)


def test_two_files_for_one_clip_are_refused(lists, tmp_path):
    folder = tmp_path / "ucf101/raw/clips/YoYo"
    folder.mkdir(parents=True)
    for name in ("v_yoyo_g01_c01.avi", "v_YOYO_g01_c01.avi"):
        (folder / name).write_text("x")
    with pytest.raises(
        ValueError, match="v_YOYO_g01_c01.avi and v_yoyo_g01_c01.avi in .* both claim to be v_YoYo_g01"
    ):
        manifest.build("ucf101", tmp_path, workers=1)


def test_links_that_lead_nowhere_are_not_counted_as_imported(shared, tmp_path):
    source = tmp_path / "mine"
    source.mkdir()
    (source / "v_YoYo_g01_c01.avi").symlink_to(tmp_path / "gone.avi")
    (source / "v_YoYo_g01_c02.AVI").write_text("x")
    made = import_files.import_dataset("ucf101", source, tmp_path / "store")
    assert made == import_files.Imported(files=1, known=0, ignored=0, dangling=1)

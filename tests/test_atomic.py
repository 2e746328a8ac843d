"""Files are either complete or absent."""

import os
import stat

import pytest

from vidattn.data import atomic


@pytest.mark.parametrize("content", ["neu\n", b"\x00\r\n"])
def test_content_stands_as_given(tmp_path, content):
    path = atomic.write(tmp_path / "deep" / "a.json", content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = atomic.write(tmp_path / "a.json", "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic.write(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_process_do_not_share_a_file(tmp_path):
    path = tmp_path / "a.avi"
    with atomic.replace(path) as first, atomic.replace(path) as second:
        assert first != second and first.suffix == second.suffix == ".avi"
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first" and list(tmp_path.iterdir()) == [path]


def test_the_folder_is_synced_after_the_file(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(atomic.os, "fsync", lambda file: synced.append(stat.S_ISDIR(os.fstat(file).st_mode)))
    atomic.write(tmp_path / "a.json", "new")
    assert synced == [False, True]

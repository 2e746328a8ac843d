"""Files are either complete or absent."""

import errno
import os
import stat
import subprocess

import pytest

from vidattn.data.files import atomic


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


def test_a_write_without_room_names_its_file(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left on device: .*a.json"):
        atomic.write(tmp_path / "a.json", "new")


def test_shared_memory_that_refuses_is_not_taken_for_the_store(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "SEMAPHORES", tmp_path)
    monkeypatch.setattr(atomic.os, "access", lambda path, _: path != tmp_path)
    explained, again = atomic.explained(tmp_path / "store"), atomic.explained(tmp_path / "store")
    with (
        pytest.raises(OSError, match=f"shared between processes through {tmp_path}, which is full or not"),
        explained,
    ):
        raise PermissionError(13, "Permission denied")
    with pytest.raises(OSError, match="No access to x .*what is written goes to"), again:
        raise PermissionError(13, "Permission denied", "x")


def test_leftovers_of_processes_that_are_no_more_go_and_others_stay(tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    other = f"{(int(atomic.HOST, 16) + 1) % 2**16:04x}"  # another machine's process, which shares the disk
    names = [f".x.{gone.pid}-{atomic.HOST}0001.part.json", f".x.{os.getpid()}-{atomic.HOST}0001.part.json"]
    names += [f".x.{gone.pid}-{other}0001.part.json", ".x.json", "y.part"]
    for name in names:
        (tmp_path / name).write_text("")
    atomic.sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


def test_a_folder_that_is_written_into_is_rid_of_leftovers_once(tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = tmp_path / f".x.{gone.pid}-{atomic.HOST}0001.part.json"
    left.write_text("{")
    atomic.write(tmp_path / "y.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["y.json"]


def test_an_error_without_a_path_names_the_folder(tmp_path):
    with pytest.raises(OSError, match=f"File too large: '{tmp_path}'"), atomic.explained(tmp_path):
        raise OSError(errno.EFBIG, "File too large")

"""Archives stay inside their folder, or leave nothing."""

import io
import random
import sys
import tarfile
import zipfile

import pytest

from vidattn.data import archive


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for name, body in members.items():
            stream.writestr(name, body)
    return path


def tarred(path, *infos, body=b"text"):
    with tarfile.open(path, "w:gz") as stream:
        for info in infos:
            info.size = len(body) if info.isfile() else 0
            stream.addfile(info, io.BytesIO(body) if info.isfile() else None)
    return path


def member(name, kind=tarfile.REGTYPE, to=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


@pytest.mark.parametrize(
    "make",
    [
        lambda p: zipped(p / "a.zip", {"x/y.txt": b"text"}),
        lambda p: tarred(p / "a.tar.gz", member("x/y.txt")),
    ],
)
def test_good_archives_are_unpacked(tmp_path, make):
    assert archive.extract(make(tmp_path), tmp_path / "out") == 1
    assert (tmp_path / "out/x/y.txt").read_bytes() == b"text"


@pytest.mark.parametrize("name", ["/etc/evil", "../evil", "x/../../evil", "C:/evil", "..\\evil"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_paths_that_leave_the_folder_are_refused(tmp_path, name, kind):
    if kind == "zip":
        path = zipped(tmp_path / "a.zip", {"good": b"1", name: b"text"})
    else:
        path = tarred(tmp_path / "a.tgz", member("good"), member(name))
    with pytest.raises(ValueError, match="outside its folder"):
        archive.extract(path, tmp_path / "in" / "out")
    assert not (tmp_path / "in" / "out").exists() and not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    path = tarred(tmp_path / "a.tar.gz", member("link", kind, "../secret"))
    with pytest.raises(ValueError, match="link or device"):
        archive.extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_links_in_a_zip_are_refused(tmp_path):
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    path = zipped(tmp_path / "a.zip", {info: b"/etc/passwd"})
    with pytest.raises(ValueError, match="link"):
        archive.extract(path, tmp_path / "out")


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "RATIO_FROM", 1000)
    path = zipped(tmp_path / "a.zip", {"zeros": bytes(5_000_000)})
    with pytest.raises(ValueError, match="bomb"):
        archive.extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar"])
@pytest.mark.parametrize("keep", [0, 100, 3000])
def test_cut_archives_leave_nothing(tmp_path, name, keep):
    body = random.Random(0).randbytes(20_000)
    path = tmp_path / name
    if name == "a.zip":
        zipped(path, {"x": body})
    else:
        tarred(path, member("x"), body=body)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="broken"):
        archive.extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_archives_in_an_archive(tmp_path):
    inner = zipped(tmp_path / "b.zip", {"b/clip.avi": b"clip"}).read_bytes()
    path = zipped(tmp_path / "a.zip", {"wave.zip": inner})
    archive.extract(path, tmp_path / "out", nested=True)
    assert (tmp_path / "out/wave/b/clip.avi").read_bytes() == b"clip"
    assert not (tmp_path / "out/wave.zip").exists()


def test_rar_without_its_reader_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rarfile", None)
    (tmp_path / "a.rar").write_bytes(b"Rar!")
    with pytest.raises(ValueError, match="rarfile, which is not installed. Unpack a.rar yourself"):
        archive.extract(tmp_path / "a.rar", tmp_path / "out")


def test_other_files_are_no_archives(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(ValueError, match="Expected a name ending in .zip"):
        archive.extract(tmp_path / "a.txt", tmp_path / "out")

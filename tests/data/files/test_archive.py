"""Archives stay inside their folder, or leave nothing."""

import io
import random
import struct
import tarfile
import zipfile
import zlib

import pytest
import rarfile

from vidattn.data.files import archives


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
    assert archives.extract(make(tmp_path), tmp_path / "out") == 1
    assert (tmp_path / "out/x/y.txt").read_bytes() == b"text"


@pytest.mark.parametrize("name", ["/etc/evil", "../evil", "x/../../evil", "C:/evil", "..\\evil"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_paths_that_leave_the_folder_are_refused(tmp_path, name, kind):
    if kind == "zip":
        path = zipped(tmp_path / "a.zip", {"good": b"1", name: b"text"})
    else:
        path = tarred(tmp_path / "a.tgz", member("good"), member(name))
    with pytest.raises(ValueError, match="outside its folder"):
        archives.extract(path, tmp_path / "in" / "out")
    assert not (tmp_path / "in" / "out").exists() and not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    path = tarred(tmp_path / "a.tar.gz", member("link", kind, "../secret"))
    with pytest.raises(ValueError, match="link or device"):
        archives.extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_links_in_a_zip_are_refused(tmp_path):
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    path = zipped(tmp_path / "a.zip", {info: b"/etc/passwd"})
    with pytest.raises(ValueError, match="link"):
        archives.extract(path, tmp_path / "out")


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "RATIO_FROM", 1000)
    path = zipped(tmp_path / "a.zip", {"zeros": bytes(5_000_000)})
    with pytest.raises(ValueError, match="bomb"):
        archives.extract(path, tmp_path / "out")
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
        archives.extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_archives_in_an_archive(tmp_path):
    inner = zipped(tmp_path / "b.zip", {"b/clip.avi": b"clip"}).read_bytes()
    path = zipped(tmp_path / "a.zip", {"wave.zip": inner})
    archives.extract(path, tmp_path / "out", nested=True)
    assert (tmp_path / "out/wave/b/clip.avi").read_bytes() == b"clip"
    assert not (tmp_path / "out/wave.zip").exists()


@pytest.mark.parametrize("limit, most", [("MAX_BYTES", 10_000), ("MAX_FILES", 8)])
def test_limits_hold_for_an_archive_and_those_inside_together(tmp_path, monkeypatch, limit, most):
    inner = zipped(tmp_path / "b.zip", {"x": bytes(2000), "y": bytes(2000)}).read_bytes()
    path = zipped(
        tmp_path / "a.zip", {f"{name}.zip": inner for name in "abc"}
    )  # 9 files, 12,000 bytes and more
    monkeypatch.setattr(archives, limit, most)
    with pytest.raises(ValueError, match="refused as a bomb"):
        archives.extract(path, tmp_path / "out", nested=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [".", "./."])
def test_a_member_without_a_name_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="outside its folder"):
        archives.extract(tarred(tmp_path / "a.tar.gz", member(name)), tmp_path / "out")


def rar(path, members, method=0x30, mode=0o100644):
    """A RAR 4 archive; method 0x30 stores, others claim to have compressed."""

    def block(kind, flags, body):
        rest = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
        return struct.pack("<H", zlib.crc32(rest) & 0xFFFF) + rest

    parts = [b"Rar!\x1a\x07\x00", block(0x73, 0, bytes(6))]
    for name, body in members.items():
        sizes = struct.pack("<IIBII", len(body), len(body), 3, zlib.crc32(body), 0x21)  # 3: Unix
        kind = struct.pack("<BBHI", 20, method, len(name), mode)
        parts += [block(0x74, 0x8000, sizes + kind + name.encode()), body]
    path.write_bytes(b"".join([*parts, block(0x7B, 0x4000, b"")]))
    return path


def test_a_rar_is_unpacked_and_one_inside_it(tmp_path):
    inner = rar(tmp_path / "b.rar", {"wave/clip.avi": b"clip" * 9000}).read_bytes()
    path = rar(tmp_path / "a.rar", {"wave.rar": inner, "readme.txt": b"text"})
    assert archives.extract(path, tmp_path / "out", nested=True) == 2
    assert (tmp_path / "out/wave/wave/clip.avi").read_bytes() == b"clip" * 9000


@pytest.mark.parametrize("name", ["/etc/evil", "../evil", "x/../../evil", "C:/evil"])
def test_a_rar_stays_in_its_folder(tmp_path, name):
    path = rar(tmp_path / "a.rar", {"good": b"1", name: b"text"})
    with pytest.raises(ValueError, match="outside its folder"):
        archives.extract(path, tmp_path / "in" / "out")
    assert not (tmp_path / "in" / "out").exists() and not list(tmp_path.rglob("evil"))


def test_links_and_bombs_in_a_rar_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="link"):
        archives.extract(rar(tmp_path / "a.rar", {"x": b"/etc/passwd"}, mode=0o120777), tmp_path / "out")
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    with pytest.raises(ValueError, match="bomb"):
        archives.extract(rar(tmp_path / "a.rar", {"x": bytes(2000)}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", ["cut", "flipped", "text"])
def test_damaged_rars_leave_nothing(tmp_path, damage):
    path = rar(tmp_path / "a.rar", {"x": random.Random(0).randbytes(5000)})
    data = bytearray(path.read_bytes())
    data[3000] ^= 1
    path.write_bytes({"cut": data[:2000], "flipped": data, "text": b"no archive at all"}[damage])
    with pytest.raises(archives.Broken, match="broken or not complete"):
        archives.extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_compressed_rar_without_a_tool_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(rarfile, "CURRENT_SETUP", None)
    path = rar(tmp_path / "a.rar", {"x": b"compressed"}, method=0x33)
    with pytest.raises(ValueError, match="Install one of unrar, unar, 7z"):
        archives.extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


CASES = {"damaged_header.tar": "header is damaged", "damaged_crc.tar.gz": "CRC check failed"}


@pytest.mark.parametrize("name", CASES)
def test_one_bit_in_a_header_or_a_trailer_is_noticed(shared, tmp_path, name):
    """The first member alone would else be taken for the whole, and a checksum is read last."""
    with pytest.raises(archives.Broken, match=CASES[name]):
        archives.extract(shared.parent / "cases" / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_archive_inside_without_a_name_does_not_unpack_above_its_folder(shared, tmp_path):
    with pytest.raises(archives.Refused, match="'?...zip"):
        archives.extract(shared.parent / "cases/escape.zip", tmp_path / "in/out", nested=True)
    assert not list(tmp_path.rglob("escaped.txt"))


@pytest.mark.parametrize("name", [".zip", "..zip", "...zip"])
def test_an_archive_inside_that_is_all_ending_is_refused_and_both_are_named(tmp_path, name):
    inner = zipped(tmp_path / "b.zip", {"x": b"1"}).read_bytes()
    with pytest.raises(archives.Refused, match=f"a.zip: The archive {name} inside has no name"):
        archives.extract(zipped(tmp_path / "a.zip", {name: inner}), tmp_path / "out", nested=True)
    assert not (tmp_path / "out").exists()


def test_a_damaged_archive_inside_is_one_line_with_both_names(tmp_path):
    path = zipped(tmp_path / "a.zip", {"wave.tar.gz": b"no archive"})
    with pytest.raises(archives.Broken, match=r"^a\.zip: wave\.tar\.gz is broken [^\n]*$"):
        archives.extract(path, tmp_path / "out", nested=True)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """One bit flipped, or cut."""
    if rng.random() < 0.3:
        return data[: rng.randrange(len(data))]
    position = rng.randrange(len(data))
    return data[:position] + bytes([data[position] ^ 1 << rng.randrange(8)]) + data[position + 1 :]


def archive(path, body: dict):
    """An archive of any kind by its name."""
    if path.suffix == ".zip":
        return zipped(path, body)
    if path.suffix == ".rar":
        return rar(path, body)
    mode = {".tar": "w", ".gz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}[path.suffix]
    with tarfile.open(path, mode) as stream:
        for name, content in body.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            stream.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "rar"])
def test_a_damaged_archive_is_refused_or_whole(tmp_path, suffix):
    """Plain tar has no checksum over content: there, all files with their sizes are what can be asked for."""
    rng = random.Random(suffix)
    body = {f"{name}/{n}.avi": rng.randbytes(700) for n, name in enumerate(("wave", "walk", "x", "y"))}
    whole = archive(tmp_path / f"a.{suffix}", body).read_bytes()
    path, refused = tmp_path / f"b.{suffix}", 0
    for number in range(60):
        path.write_bytes(damaged(whole, rng))
        out = tmp_path / f"out{number}"
        try:
            archives.extract(path, out, nested=True)
        except ValueError as error:
            refused += 1
            assert f"b.{suffix}" in str(error) and not out.exists()
            continue
        got = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
        if suffix == "tar":
            assert sorted(map(len, got.values())) == [700] * 4
        else:
            assert got == body
    assert refused > (20 if suffix == "tar" else 30)


def test_a_header_of_gigabytes_is_refused_before_it_is_read(tmp_path):
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 2**31
    path = tmp_path / "a.tar"
    path.write_bytes(info.tobuf() + bytes(2**20))
    with pytest.raises(archives.Refused, match="a.tar: A name or its attributes have 2147483648 bytes"):
        archives.extract(path, tmp_path / "out")


def test_names_that_no_disk_takes_are_refused(tmp_path):
    with pytest.raises(archives.Refused, match="a name of 300 characters"):
        archives.extract(zipped(tmp_path / "a.zip", {"n" * 300: b""}), tmp_path / "out")
    with pytest.raises(archives.Refused, match="both as a file and as a folder"):
        archives.extract(zipped(tmp_path / "a.zip", {"x": b"1", "x/y": b"2"}), tmp_path / "out")


def test_ten_thousand_empty_files_take_seconds(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("os.fsync", synced.append)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as stream:
        for number in range(10_000):
            stream.writestr(f"{number}.txt", b"")
    assert archives.extract(tmp_path / "a.zip", tmp_path / "out") == 10_000
    assert not synced


def test_other_files_are_no_archives(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(ValueError, match="Expected a name ending in .zip"):
        archives.extract(tmp_path / "a.txt", tmp_path / "out")

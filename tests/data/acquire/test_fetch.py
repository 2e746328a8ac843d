"""Downloads from a loopback server that misbehaves; nothing wrong ever stands under the final name."""

import hashlib
import http.server
import io
import threading
import time
import zipfile

import pytest

from vidattn.data.acquire import download
from vidattn.data.datasets import Source

BODY = bytes(range(256)) * 4096  # 1 MiB
SHA = hashlib.sha256(BODY).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Behaves as the path says; keeps a log of (path, range)."""

    def do_GET(self):
        self.server.log.append((self.path, self.headers.get("Range")))
        getattr(self, f"do_{self.path.rpartition('/')[2]}")(self.server.log.count(self.server.log[-1]))

    def log_message(self, *args):
        pass

    def reply(self, code, body=b"", length=None, **headers):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_good(self, n):
        self.reply(200, BODY)

    def do_cut(self, n):
        have = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        if not have:
            self.reply(200, BODY[:300_000], len(BODY))
        else:
            self.reply(206, BODY[have:], Content_Range=f"bytes {have}-{len(BODY) - 1}/{len(BODY)}")

    def do_norange(self, n):
        self.reply(200, BODY[:1000] if len(self.server.log) == 1 else BODY, len(BODY))

    def do_slow(self, n):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if len(self.server.log) == 1:
            self.wfile.write(BODY[:100])
            self.wfile.flush()
            time.sleep(1.0)
        else:
            self.wfile.write(BODY)

    def do_chunked(self, n):
        if n == 1:  # cut in the middle of a chunk
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + BODY[:100])
        else:
            self.do_good(n)

    def do_nonsense(self, n):
        self.wfile.write(b"this is no HTTP\r\n\r\n")

    def do_missing(self, n):
        self.reply(404, b"<html>gone</html>")

    def do_busy(self, n):
        self.reply(503 if len(self.server.log) == 1 else 200, b"" if len(self.server.log) == 1 else BODY)

    def do_down(self, n):
        self.reply(503)

    def do_wrong(self, n):
        self.reply(200, b"x" + BODY[1:])

    def do_page(self, n):
        self.reply(200, b"<html>log in first</html>")

    def do_moved(self, n):
        self.reply(302, Location="/good")


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "TIMEOUT", 0.4)
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.log, made.daemon_threads = [], True
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    made.base = f"http://127.0.0.1:{made.server_port}"
    yield made
    made.shutdown()
    made.server_close()


def get(server, folder, *paths, sha=SHA, size=2**20):
    source = Source(tuple(f"{server.base}/{path}" for path in paths), "file.bin", sha, size)
    return download.download(source, folder, tries=3, pause=0.01)


@pytest.mark.parametrize("path", ["good", "cut", "norange", "slow", "busy", "moved", "chunked"])
def test_right_bytes_come_in_the_end(server, tmp_path, path):
    assert get(server, tmp_path, path).read_bytes() == BODY
    assert [file.name for file in tmp_path.iterdir()] == ["file.bin"]


def test_a_cut_download_goes_on_where_it_stopped(server, tmp_path):
    get(server, tmp_path, "cut")
    assert server.log == [("/cut", None), ("/cut", "bytes=300000-")]


def test_a_download_of_an_earlier_process_goes_on(server, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(BODY[:500_000])
    assert get(server, tmp_path, "cut").read_bytes() == BODY
    assert server.log == [("/cut", "bytes=500000-")]


@pytest.mark.parametrize("path, message", [("missing", "404"), ("down", "503"), ("wrong", "wrong bytes")])
def test_what_cannot_work_is_one_clear_error(server, tmp_path, path, message):
    with pytest.raises(download.Unavailable, match=message):
        get(server, tmp_path, path)
    assert not (tmp_path / "file.bin").exists()
    assert len(server.log) == {"missing": 1, "down": 3, "wrong": 1}[path]


def test_a_login_page_is_not_taken_for_the_file(server, tmp_path):
    with pytest.raises(download.Unavailable, match="only 25 of 1048576 bytes"):
        get(server, tmp_path, "page")


@pytest.mark.parametrize("bad", ["missing", "wrong", "down", "nonsense"])
def test_the_mirror_helps(server, tmp_path, bad):
    assert get(server, tmp_path, bad, "good").read_bytes() == BODY


def test_what_is_there_is_not_asked_for_again(server, tmp_path):
    get(server, tmp_path, "good")
    get(server, tmp_path, "good")
    assert len(server.log) == 1


def test_nobody_there_is_one_clear_error(server, tmp_path):
    source = Source(("http://127.0.0.1:9/x",), "file.bin", SHA)
    with pytest.raises(download.Unavailable, match=r"after 2 tries"):
        download.download(source, tmp_path, tries=2, pause=0.01)


def test_the_proxy_of_the_environment_is_used(server, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", server.base)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.delenv("NO_PROXY", raising=False)
    source = Source(("http://example.invalid/good",), "file.bin", SHA)
    assert download.download(source, tmp_path, tries=1).read_bytes() == BODY
    assert server.log[0][0] == "http://example.invalid/good"


@pytest.fixture
def flood(monkeypatch):
    """A server that never ends, and says nothing of a length."""

    def do_flood(self, n):
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(200):
                self.wfile.write(BODY)
        except OSError:
            pass

    monkeypatch.setattr(Handler, "do_flood", do_flood, raising=False)


def test_no_more_is_written_than_was_announced(server, flood, tmp_path, monkeypatch):
    source = Source((f"{server.base}/flood",), "file.bin", SHA, 100_000)
    with pytest.raises(download.Unavailable, match="more came than the 100000 bytes that were announced"):
        download.download(source, tmp_path, tries=3, pause=0)
    assert len(server.log) == 1 and sum(path.stat().st_size for path in tmp_path.iterdir()) == 0
    monkeypatch.setattr(download, "LARGEST", 300_000)
    source = Source((f"{server.base}/flood",), "file.bin", SHA)  # nothing is announced
    with pytest.raises(download.Unavailable, match="more came than the 300000 bytes"):
        download.download(source, tmp_path, tries=3, pause=0)


def test_a_server_that_drips_is_given_up(server, tmp_path, monkeypatch):
    def do_drip(self, n):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        try:
            for number in range(500):
                self.wfile.write(BODY[number : number + 1])
                time.sleep(0.02)
        except OSError:
            pass

    monkeypatch.setattr(Handler, "do_drip", do_drip, raising=False)
    monkeypatch.setattr(download, "TIMEOUT", 0.3)
    with pytest.raises(download.Unavailable, match="the server is too slow: .* bytes in 0 s"):
        download.download(Source((f"{server.base}/drip",), "f.bin", SHA, len(BODY)), tmp_path, 2, pause=0)


def test_a_second_fetch_waits_for_the_first(server, tmp_path, monkeypatch):
    from dataclasses import replace

    from vidattn.data.datasets import ucf101

    sources = (Source((f"{server.base}/good",), "splits.txt", SHA, len(BODY)),)
    running, most = [0], []

    def slow(dataset, file, store):
        running[0] += 1
        most.append(running[0])
        time.sleep(0.2)
        running[0] -= 1

    monkeypatch.setattr(download, "_take", slow)
    monkeypatch.setattr(ucf101, "DATASET", replace(ucf101.DATASET, sources=sources))
    threads = [threading.Thread(target=download.fetch, args=("ucf101", tmp_path, {})) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] and len(server.log) == 1


SMALL = {"size": 32, "classes": ["raise"], "groups": 3, "clips_per_group": 1, "frames": 16}


@pytest.mark.parametrize("damage", ["flipped", "gone", "foreign", "seal"])
def test_truth_that_is_not_as_generated_is_told_and_made_again(tmp_path, damage, capsys):
    download.fetch("actors", tmp_path, SMALL)
    folder = tmp_path / "actors/truth"
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    path = sorted(folder.iterdir())[1]
    if damage == "flipped":
        content = bytearray(whole[path.name])
        content[100] ^= 1
        path.write_bytes(content)
    elif damage == "gone":
        path.unlink()
    elif damage == "foreign":
        (folder / "b.npz").write_bytes(b"1")
    else:
        (tmp_path / "actors/.truth.sha256").write_text("nothing\n")
    capsys.readouterr()
    download.fetch("actors", tmp_path, SMALL)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    assert "not as made. actors is made again." in capsys.readouterr().err
    download.fetch("actors", tmp_path, SMALL)
    assert not capsys.readouterr().err


def test_truth_of_other_settings_is_no_damage(tmp_path, capsys):
    download.fetch("actors", tmp_path, SMALL)
    download.fetch("actors", tmp_path, {**SMALL, "frames": 20})
    (tmp_path / "actors/.truth.sha256").unlink()  # of a store from before there were seals
    download.fetch("actors", tmp_path, {**SMALL, "frames": 20})
    assert (tmp_path / "actors/.truth.sha256").read_text().count("npz\n") == 3
    assert "made again" not in capsys.readouterr().err


def test_a_data_set_is_fetched_unpacked_and_not_asked_for_again(server, tmp_path, monkeypatch):
    from dataclasses import replace

    from vidattn.data.datasets import ucf101
    from vidattn.data.files import split_lists

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as stream:
        stream.writestr("ucfTrainTestlist/trainlist01.txt", "Archery/v_Archery_g08_c01.avi 3\r\n")
        stream.writestr("ucfTrainTestlist/testlist01.txt", "Archery/v_Archery_g01_c01.avi\r\n")
    monkeypatch.setattr(
        Handler, "do_lists", lambda self, n: self.reply(200, packed.getvalue()), raising=False
    )
    sources = (Source((f"{server.base}/lists",), "lists.zip"),)
    monkeypatch.setattr(ucf101, "DATASET", replace(ucf101.DATASET, sources=sources))
    monkeypatch.setattr(split_lists, "check", lambda *_: None)  # two clips are not the official list
    for _ in range(2):
        download.fetch("ucf101", tmp_path, {})
    assert len(server.log) == 1
    assert [item.clip for item in ucf101.items(tmp_path / "ucf101")] == [
        "v_Archery_g08_c01",
        "v_Archery_g01_c01",
    ]


def test_a_dead_link_says_what_to_import(tmp_path):
    with pytest.raises(download.Unavailable, match="no longer answers.*vidattn data import hmdb51"):
        download.fetch("hmdb51", tmp_path, {})


def test_every_source_states_its_checksum_and_size():
    from vidattn.data import datasets

    for name in datasets.names():
        for source in datasets.load(name).sources:
            assert len(bytes.fromhex(source.sha256)) == 32 and source.bytes > 0, f"{name}: {source.file}"


def test_checksums_of_ucf101_are_those_that_tfds_states():
    import importlib.util
    from pathlib import Path

    from vidattn.data.datasets import ucf101

    [package] = importlib.util.find_spec("tensorflow_datasets").submodule_search_locations
    lines = (Path(package) / "url_checksums/ucf101.txt").read_text().splitlines()
    stated = {url: (int(size), sha) for url, size, sha, *_ in (line.split("\t") for line in lines)}
    assert {s.urls[0]: (s.bytes, s.sha256) for s in ucf101.DATASET.sources} == stated


def test_a_data_set_that_cannot_be_downloaded_says_what_to_import(server, tmp_path, monkeypatch):
    from dataclasses import replace

    from vidattn.data.datasets import ucf101

    sources = (Source((f"{server.base}/missing",), "a.zip", SHA),)
    monkeypatch.setattr(ucf101, "DATASET", replace(ucf101.DATASET, sources=sources))
    with pytest.raises(download.Unavailable, match=r"404.*vidattn data import ucf101"):
        download.fetch("ucf101", tmp_path, {})


def test_a_full_disk_ends_a_download_at_once_and_says_so(server, tmp_path, monkeypatch):
    import errno
    from dataclasses import replace

    from vidattn.data.datasets import ucf101

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    sources = (Source((f"{server.base}/good",), "a.zip", SHA, len(BODY)),)
    monkeypatch.setattr(ucf101, "DATASET", replace(ucf101.DATASET, sources=sources))
    monkeypatch.setattr(download, "_copy", full)
    with pytest.raises(OSError, match="disk of .* is full.*same command again"):
        download.fetch("ucf101", tmp_path, {})
    assert len(server.log) == 1 and not (tmp_path / "ucf101/download/a.zip").exists()

"""A server on this machine sends too much, too little, too slowly, something else or nothing that is HTTP."""

import contextlib
import http.server
import random
import threading
import time
from hashlib import sha256
from pathlib import Path

from faults import judge
from faults.case import Case
from faults.judge import Verdict
from vidattn.data.acquire import download
from vidattn.data.datasets import Source

SHARE = 3
TIMEOUT = 0.3  # seconds, in place of a minute


def inject(case: Case) -> Verdict:
    """Download: the right bytes, or an error by name; never more bytes than were announced."""
    case.work.mkdir()
    body = case.random.randbytes(case.random.choice((1000, 50_000, 400_000)))
    behaviours = [case.random.choice(BEHAVIOURS) for _ in range(4)]
    seed = case.random.random()
    if case.random.random() < 0.3:  # of a process that was ended
        (case.work / "file.bin.part").write_bytes(body[: case.random.randrange(len(body))])
    done = case.fork(lambda: fetched(case.work, body, behaviours, seed))
    verdict, target = Verdict(), case.work / "file.bin"
    verdict.notes.append(", ".join(behaviours))
    if judge.ended(verdict, done, ["file.bin"]):
        if target.read_bytes() != body:
            verdict.add("wrong", "other bytes stand under the file's name")
    elif target.exists():
        verdict.add("wrong", "refused, and the file is there")
    for path in case.work.iterdir():
        if path.stat().st_size > len(body) or path.name not in ("file.bin", "file.bin.part"):
            verdict.add("leftovers", f"{path.name}, {path.stat().st_size} bytes of {len(body)}")
    return verdict


def fetched(folder: Path, body: bytes, behaviours: list[str], seed: float) -> None:
    """Serve, and download from it; errors as the command line has them."""
    download.TIMEOUT = TIMEOUT
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.draw = True, random.Random(seed)
    server.body, server.left = body, behaviours
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/file.bin"
    source = Source((url, url), "file.bin", sha256(body).hexdigest(), len(body))
    try:
        download.download(source, folder, tries=2, pause=0.01)
    except (download.Unavailable, OSError) as error:
        raise SystemExit(f"vidattn: {error}") from None


class Handler(http.server.BaseHTTPRequestHandler):
    """Behaves in turn as it is told; the last behaviour stays."""

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        """Answer a request."""
        left = self.server.left
        name = left.pop(0) if len(left) > 1 else left[0]
        with contextlib.suppress(OSError):  # a client that has enough
            getattr(self, f"_{name}")(self.server.body)

    def _reply(self, body: bytes, length: int | None = None, code: int = 200, **headers: str) -> None:
        self.send_response(code)
        if length is None or length >= 0:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _have(self) -> int:
        return int((self.headers.get("Range") or "bytes=0-")[6:-1])

    def _good(self, body: bytes) -> None:
        self._reply(body)

    def _resumed(self, body: bytes) -> None:
        have = self._have()
        where = f"bytes {have}-{len(body) - 1}/{len(body)}"
        self._reply(body[have:], None, 206 if have else 200, Content_Range=where)

    def _cut(self, body: bytes) -> None:
        self._reply(body[: self.server.draw.randrange(len(body))], len(body))

    def _long(self, body: bytes) -> None:
        self._reply(body + bytes(self.server.draw.choice((1, 10_000, 10**6))), -1)

    def _longer_announced(self, body: bytes) -> None:
        self._reply(body + b"more")

    def _endless(self, body: bytes) -> None:
        self._reply(b"", -1)
        for _ in range(10_000):
            self.wfile.write(bytes(2**16))

    def _drip(self, body: bytes) -> None:
        self._reply(body[:1], len(body))
        for byte in body[1:40]:
            time.sleep(0.05)
            self.wfile.write(bytes([byte]))
            self.wfile.flush()

    def _silent(self, body: bytes) -> None:
        time.sleep(2 * TIMEOUT)

    def _wrong(self, body: bytes) -> None:
        self._reply(bytes([body[0] ^ 1]) + body[1:])

    def _wrong_range(self, body: bytes) -> None:
        self._reply(body[5:], None, 206, Content_Range=f"bytes 5-{len(body) - 1}/{len(body)}")

    def _lying_range(self, body: bytes) -> None:
        have = self._have()
        self._reply(
            body[: len(body) - have], None, 206, Content_Range=f"bytes {have}-{len(body) - 1}/{len(body)}"
        )

    def _empty(self, body: bytes) -> None:
        self._reply(b"")

    def _missing(self, body: bytes) -> None:
        self._reply(b"gone", None, 404)

    def _down(self, body: bytes) -> None:
        self._reply(b"", None, 503)

    def _circle(self, body: bytes) -> None:
        self._reply(b"", None, 302, Location="/file.bin")

    def _nonsense(self, body: bytes) -> None:
        self.wfile.write(self.server.draw.randbytes(300))

    def _half_chunk(self, body: bytes) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + body[:100])

    def _bad_length(self, body: bytes) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" + body[:100])


BEHAVIOURS = sorted(
    name[1:]
    for name in vars(Handler)
    if name[:1] == "_" and name[1:2].isalpha() and name not in ("_reply", "_have")
)

"""Gets a data set: generates it, or downloads and unpacks it, or says what to import instead."""

import http.client
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tqdm import tqdm

from vidattn.data.acquire import import_files
from vidattn.data.datasets import Dataset, Source, load
from vidattn.data.files import archives, atomic, folder_seal, seal
from vidattn.data.media.probe import digest

TRIES = 5  # for each address
PAUSE = 1.0  # seconds before the second try; doubles every time
TIMEOUT = 60.0  # seconds without a byte
SLOWEST = 1000.0  # bytes a second, over `TIMEOUT` seconds: less is no download
LARGEST = archives.MAX_BYTES  # of a file whose size is not known before
BLOCK = 2**18
TRUTH = "truth"  # folder of what a generator knows about its clips
FETCHED = ".fetched"  # written when all of a data set has come
RETRY = (408, 425, 429, 500, 502, 503, 504)


class Unavailable(RuntimeError):
    """The data set cannot be fetched; the message says what to import."""


class _Hopeless(Exception):
    """This address will not get better by trying again."""


def fetch(name: str | Dataset, store: Path, params: dict) -> None:
    """Fills `store/<name>/` with a data set's files; what is there already stays.

    Args:
        name: Data set, or its name.
        store: The store folder.
        params: The data set's own parameters.
    """
    dataset = load(name)
    home = Path(store) / dataset.name
    with atomic.alone(home):
        _fill(dataset, home, params)


def _fill(dataset: Dataset, home: Path, params: dict) -> None:
    if dataset.place and _there(home):
        return
    if dataset.generate:
        _generate(dataset, home, params)
    elif not dataset.sources:
        raise Unavailable(f"{dataset.advice} The command: {dataset.how}")
    for source in dataset.sources:
        _take(dataset, _get(dataset, source, home / "download"), home.parent)
    if dataset.place:
        atomic.write(home / FETCHED, "")
    if dataset.advice:
        print(dataset.advice, file=sys.stderr)


def _generate(dataset: Dataset, home: Path, params: dict) -> None:
    """Makes a data set; a note of what it was made with that is no text any more is named.

    Where its truth is not as it was sealed, it is made again.
    """
    truth = home / TRUTH
    made = _notes(home)
    damaged = folder_seal.broken(truth) if made else []  # else it was ended while it made them
    if damaged:
        listed = f"{damaged[0]}{f' and {len(damaged) - 1} more' if damaged[1:] else ''}"
        print(f"{listed}: not as made. {dataset.name} is made again.", file=sys.stderr)
        for path in made:
            path.unlink()
    try:
        dataset.generate(home, params)
    except UnicodeDecodeError as error:
        notes = ", ".join(path.name for path in sorted(home.glob("*.json")))
        raise ValueError(
            f"A file in {home} is damaged ({notes}: {error}). Delete it, then: {dataset.how}"
        ) from error
    if truth.is_dir() and (damaged or _notes(home) != made or not seal.beside(truth).is_file()):
        folder_seal.write(truth)


def _notes(home: Path) -> dict[Path, bytes]:
    """What a set was made with, as it says itself; nothing where it is not complete."""
    return {path: path.read_bytes() for path in home.glob("*.json") if not path.name.startswith(".")}


def _get(dataset: Dataset, source: Source, folder: Path) -> Path:
    """Downloads a file; where that cannot be, the error also says what to import."""
    try:
        with atomic.explained(folder):
            return download(source, folder)
    except Unavailable as error:
        raise Unavailable(f"{error} Try again later, or bring what you have: {dataset.how}") from error


def _there(home: Path) -> bool:
    """Whether the data set was fetched to its end, or imported and never begun to be fetched."""
    begun = any((home / folder).exists() for folder in ("download", "tfds"))
    imported = not begun and any(path.is_file() for path in (home / "raw").rglob("*"))
    return imported or (home / FETCHED).exists()


def _take(dataset: Dataset, file: Path, store: Path) -> None:
    """Hands a downloaded file to the importer (a plain file in its folder); a broken one is not kept."""
    source = file if archives.known(file) else file.parent
    try:
        import_files.import_dataset(dataset.name, source, store, link=False)
    except archives.Broken:
        file.unlink()
        raise


def download(source: Source, folder: Path, tries: int = TRIES, pause: float = PAUSE) -> Path:
    """Downloads one file; it appears under its name only when its size and checksum are right.

    An interrupted download goes on where it stopped (`<file>.part`). Every address is tried `tries` times
    with doubling pauses where trying again can help; then the next. Proxies are taken from the environment
    (`http_proxy`, `https_proxy`, `no_proxy`).

    Args:
        source: What to get, from where.
        folder: Where to put it.
        tries: Attempts for each address.
        pause: Seconds before the second attempt.
    """
    target = folder / source.file
    if target.exists() and _wrong(target, source) is None:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{source.file}.part"
    problems = []
    for url in source.urls:
        problem = _persist(url, source, partial, tries, pause)
        if problem is None:
            with atomic.replace(target) as new:
                partial.replace(new)
            return target
        problems.append(f"{url}: {problem}")
    raise Unavailable(f"Cannot download {source.file}. {'; '.join(problems)}.")


def _persist(url: str, source: Source, partial: Path, tries: int, pause: float) -> str | None:
    """Tries one address several times; returns what is wrong, or None once the right bytes are there."""
    problem = "not tried"
    for attempt in range(tries):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            _receive(url, source, partial)
        except _Hopeless as error:
            return str(error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if getattr(error, "errno", None) in (*atomic.FULL, *atomic.DENIED):
                raise  # our own disk, which trying again does not mend
            problem = f"{error or type(error).__name__}"
            continue
        wrong = _wrong(partial, source)
        if wrong is None:
            return None
        if wrong.startswith("only"):
            problem = wrong
            continue
        partial.unlink()
        return wrong
    return f"{problem} (after {tries} tries)"


def _receive(url: str, source: Source, partial: Path) -> None:
    """One request, from where the partial file ends."""
    have = partial.stat().st_size if partial.exists() else 0
    if source.bytes and have >= source.bytes:
        return
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        reply = urllib.request.build_opener().open(request, timeout=TIMEOUT)  # reads the proxies now
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the partial file is as long as the whole, or longer: start again
            partial.unlink()
        elif error.code not in RETRY:
            raise _Hopeless(f"the server answers {error.code} {error.reason}") from error
        raise
    with reply:
        resumed = reply.status == 206 and _starts(reply, have)
        length = int(reply.headers.get("Content-Length") or 0)
        total = (have if resumed else 0) + length
        with partial.open("ab" if resumed else "wb") as stream:
            _copy(reply, stream, source, have if resumed else 0, total)
        if length and partial.stat().st_size < total:
            raise OSError(f"the connection was cut at {partial.stat().st_size} of {total} bytes")


def _starts(reply, have: int) -> bool:
    """Whether a partial reply starts where the file on the disk ends; some servers ignore the range."""
    return reply.headers.get("Content-Range", "").startswith(f"bytes {have}-")


def _copy(reply, stream, source: Source, have: int, total: int) -> None:
    """Copies with a progress bar in bytes: no more than was announced, nor as slowly as a server likes."""
    most = source.bytes or LARGEST
    window, came = time.monotonic(), 0
    with tqdm(
        total=total or None, initial=have, desc=source.file, unit="B", unit_scale=True, disable=None
    ) as bar:
        while block := reply.read1(BLOCK):
            have, came = have + len(block), came + len(block)
            if have > most:
                stream.truncate(0)  # what it begins with is not ours either
                raise _Hopeless(f"more came than the {most} bytes that were announced")
            stream.write(block)
            bar.update(len(block))
            if (passed := time.monotonic() - window) > TIMEOUT:
                if came < SLOWEST * passed:
                    raise OSError(f"the server is too slow: {came} bytes in {passed:.0f} s")
                window, came = time.monotonic(), 0


def _wrong(path: Path, source: Source) -> str | None:
    """What is wrong with a file's bytes; "only ..." if it may just be incomplete."""
    size = path.stat().st_size
    if source.bytes and size < source.bytes:
        return f"only {size} of {source.bytes} bytes"
    if source.bytes and size > source.bytes:
        return f"{size} bytes came, expected {source.bytes}"
    if source.sha256 and (found := digest(path)) != source.sha256:
        return f"wrong bytes came (sha256 {found[:12]}, expected {source.sha256[:12]})"
    if not size:
        return "an empty file came"
    return None

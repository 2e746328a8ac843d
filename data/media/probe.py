"""Decodes every clip once and says what is really there; what cannot be used is quarantined with a reason."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from vidattn.data.files import pool
from vidattn.data.files.workers import end_with_parent

FORMAT = 2  # raise it when the same file gives another `Probe`: the journal's entries have it
MAX_FRAMES = 1_000_000  # a decoder that never ends is cut here
VARIES = 0.25  # seconds that a time stamp may be off the frame's number at a fixed rate
MAX_PIXELS = 2**26  # of a picture or frame: 200 MB once decoded
READ_TIMEOUT_MS = 20_000  # for a single frame


@dataclass(frozen=True)
class Probe:
    """What decoding a file to its end found.

    Attributes:
        frames: Frames really decoded, whatever the header says.
        fps: Frames per second by the container; 0 where it states none, or where the rate varies.
        width: Pixels.
        height: Pixels.
        digest: sha256 of the file's bytes; "" where there is no file.
        status: "ok" or "quarantined".
        reason: Why it is quarantined, or what is odd about it ("" if nothing is).
    """

    frames: int = 0
    fps: float = 0.0
    width: int = 0
    height: int = 0
    digest: str = ""
    status: str = "ok"
    reason: str = ""


def digest(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def probe(path: Path, expected: str = "") -> Probe:
    """Probes one video file.

    Args:
        path: The clip.
        expected: sha256 that the publisher states; other bytes are quarantined.
    """
    if not path.is_file():
        return Probe(status="quarantined", reason="the file is missing")
    found = digest(path)
    if path.stat().st_size == 0:
        return Probe(digest=found, status="quarantined", reason="the file is empty")
    if expected and expected != found:
        reason = f"sha256 is {found[:12]}, the list says {expected[:12]}"
        return Probe(digest=found, status="quarantined", reason=reason)
    return _decode(path, found)


def _decode(path: Path, found: str) -> Probe:
    """Grabs to the end; retrieves the first frame that can be, which proves that there are pixels."""
    import cv2

    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    limits = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        READ_TIMEOUT_MS,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        READ_TIMEOUT_MS,
    ]
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, limits)
    try:
        if not capture.isOpened():
            return Probe(digest=found, status="quarantined", reason="not a video that can be opened")
        if capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT) > MAX_PIXELS:
            reason = f"a frame has more than {MAX_PIXELS} pixels"
            return Probe(digest=found, status="quarantined", reason=reason)
        claimed, fps = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
        frames, shape, start, off = 0, None, 0.0, 0.0
        while frames < MAX_FRAMES and capture.grab():
            seconds = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            start = seconds if not frames else start
            if fps > 0 and seconds > start:  # a decoder's last frame may state none
                off = max(off, abs(seconds - start - frames / fps))
            frames += 1
            if shape is None:
                shape = _shape(capture)
    except cv2.error as error:
        return Probe(digest=found, status="quarantined", reason=f"the decoder failed: {error.err}")
    finally:
        capture.release()
    return _verdict(frames, claimed, fps, off > VARIES, shape, found)


def _shape(capture) -> tuple[int, int] | None:
    """Height and width of the frame just grabbed, or None where it has no pixels."""
    ok, frame = capture.retrieve()
    return frame.shape[:2] if ok and frame is not None and frame.ndim == 3 and frame.size else None


def _verdict(
    frames: int, claimed: float, fps: float, varies: bool, shape: tuple[int, int] | None, found: str
) -> Probe:
    """Turns the counts into a row; a header that lies is noted, as the decoded count is what gets used."""
    if frames == 0 or shape is None:
        return Probe(digest=found, status="quarantined", reason="no frame can be decoded")
    if frames == MAX_FRAMES:
        return Probe(digest=found, status="quarantined", reason=f"more than {MAX_FRAMES} frames")
    if not 0 < fps < 1000 or varies:
        fps = 0.0
    odd = [f"the header says {claimed:.0f} frames, {frames} decode"] if round(claimed) != frames else []
    odd += ["the frame rate varies: time stamps say when a frame is shown"] if varies else []
    return Probe(frames, round(fps, 3), shape[1], shape[0], found, "ok", "; ".join(odd))


def probe_all(jobs: list[tuple[Path, str]], workers: int | None = None) -> Iterator[tuple[int, Probe]]:
    """Probes many files on all cores, in processes of their own: a decoder that crashes costs one clip.

    Args:
        jobs: Paths with the expected sha256 ("" if none).
        workers: Processes; 1 stays in this process.

    Yields:
        Position in `jobs` and what was found, as they are done.
    """
    workers = min(workers or pool.cores(), max(len(jobs) // 8, 1))
    if workers == 1:
        yield from ((i, probe(*job)) for i, job in enumerate(jobs))
        return
    todo = set(range(len(jobs)))
    try:
        with _processes(workers) as processes:
            running = {processes.submit(probe, *jobs[i]): i for i in sorted(todo)}
            for future in as_completed(running):
                result = future.result()
                todo.discard(running[future])
                yield running[future], result
    except BrokenProcessPool:
        yield from _one_by_one({i: jobs[i] for i in sorted(todo)})


def _processes(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, get_context("spawn"), initializer=end_with_parent)


def _one_by_one(jobs: dict[int, tuple[Path, str]]) -> Iterator[tuple[int, Probe]]:
    """Probes in a single process, so that it is known which file killed it; then goes on in a new one."""
    left = list(jobs)
    while left:
        with _processes(1) as processes:
            try:
                while left:
                    result = processes.submit(probe, *jobs[left[0]]).result()
                    yield left.pop(0), result
            except BrokenProcessPool:
                path = jobs[left[0]][0]
                found = Probe(digest=digest(path), status="quarantined", reason="the decoder crashed")
                yield left.pop(0), found

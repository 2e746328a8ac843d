"""Decoding: one sequential pass over a clip, in which only the wanted frames are converted.

Frames are addressed by index, never by time: seeking in H.264 is many times slower than decoding in
order, and lands on different frames in different containers.
"""

import functools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".webp")


class DecodeError(ValueError):
    """A clip that does not hold what the index says; the caller quarantines it and goes on."""


def uniform(count: int, frames: int) -> np.ndarray:
    """Indices of `frames` frames spread over a clip of `count`: `floor(i * count / frames)`.

    A clip shorter than `frames` repeats frames (the thesis' sampling).
    """
    return np.arange(frames) * count // frames


def per_second(count: int, fps: float, frames: int | None = None) -> np.ndarray:
    """Indices of the frames at 0, 1, 2, ... seconds: the first `frames` of them, or all (ICIP sampling)."""
    if not fps > 0:
        raise DecodeError(f"Sampling by the second needs a frame rate above 0, the index says {fps}.")
    seconds = np.arange(int(count / fps) + 2)
    indices = np.floor(seconds * fps + 0.5).astype(np.int64)
    return indices[indices < count][:frames]


def read(path: str | Path, indices: Iterable[int], size: int | None = None) -> np.ndarray:
    """The frames of a video (or picture) at the given indices.

    Args:
        path: Video file, or picture file, which counts as a video of one frame.
        indices: Frame numbers from 0, ascending; repeats are allowed and decoded once.
        size: Side of the square that every frame is resized to (area interpolation); `None` keeps the size.

    Returns:
        RGB array `(T, H, W, 3)` uint8.

    Raises:
        DecodeError: The file is missing, unreadable, or ends before the last wanted frame.
    """
    wanted = np.asarray(list(indices), dtype=np.int64)
    if not len(wanted):
        raise DecodeError(f"No frame is wanted of {Path(path).name}: the index says that it has none.")
    if not Path(path).is_file():
        raise DecodeError(f"{Path(path).name} is missing; fetch or import the data set again.")
    unique, inverse = np.unique(wanted, return_inverse=True)
    try:
        clip = _gather(Path(path), unique, size)
    except cv2.error as error:
        raise DecodeError(f"{Path(path).name} cannot be decoded: {error.err}.") from error
    return clip if np.array_equal(unique, wanted) else clip[inverse]  # (T, H, W, 3)


def _gather(path: Path, unique: np.ndarray, size: int | None) -> np.ndarray:
    """The frames at ascending, distinct indices, converted straight into their place of one array."""
    clip: np.ndarray | None = None
    for number, frame in enumerate(_select(path, unique)):
        if size is not None and frame.shape[:2] != (size, size):
            frame = cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA)
        if clip is None:
            clip = np.empty((len(unique), *frame.shape), np.uint8)
        if frame.shape != clip.shape[1:]:
            raise DecodeError(f"{path.name} changes its frame size midway; give a size to resize to.")
        cv2.cvtColor(frame, cv2.COLOR_BGR2RGB, dst=clip[number])
    assert clip is not None  # at least one frame is wanted
    return clip


def _select(path: Path, unique: np.ndarray) -> Iterator[np.ndarray]:
    """The BGR frames at ascending, distinct indices; each lasts until the next is asked for."""
    _quiet()
    if path.suffix.lower() in IMAGES:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None or unique[-1] > 0:
            raise DecodeError(f"{path.name} is not a readable picture, or more than its one frame is wanted.")
        yield picture
        return
    # The backend is fixed, since others take '%' in a name for a numbered series of pictures.
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        yield from _walk(capture, path, unique)
    finally:
        capture.release()


def _walk(capture: cv2.VideoCapture, path: Path, unique: np.ndarray) -> Iterator[np.ndarray]:
    """grab() every frame up to the last wanted one, retrieve() the wanted ones."""
    position, frame = -1, None
    for target in unique:
        while position < target:
            if not capture.grab():
                raise DecodeError(f"{path.name} yields {position + 1} frames; frame {unique[-1]} is wanted.")
            position += 1
        done, frame = capture.retrieve(frame)  # into the last one's memory: new pages cost as much as pixels
        if not done or frame is None:
            raise DecodeError(f"{path.name} has a frame, {target}, that cannot be decoded.")
        yield frame


@functools.cache
def _quiet() -> None:
    """Bad clips are reported by us, once; the codec's own chatter on stderr is switched off."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

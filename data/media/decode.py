"""Decoding: one sequential pass over a clip, in which only the wanted frames are converted.

Frames are addressed by index, never by time: seeking in H.264 is many times slower than decoding in
order, and lands on different frames in different containers.
"""

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    seconds = np.arange(int(count / fps) + 2)
    indices = np.floor(seconds * fps + 0.5).astype(np.int64)
    return indices[indices < count][:frames]


def window(times: np.ndarray, frames: int, seconds: float) -> np.ndarray:
    """Indices of `frames` frames spread over the `seconds` in the middle of a clip, or over a shorter clip.

    Args:
        times: When each frame is shown, in seconds, `(N,)`.
    """
    length = times[-1] + np.median(np.diff(times, append=times[-1]))  # the last frame is shown as well
    seconds = min(seconds, length)
    return nearest(times, (length - seconds) / 2 + np.arange(frames) * seconds / frames)


def nearest(times: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Index of the frame whose time is closest to each moment; the earlier of two."""
    after = np.clip(np.searchsorted(times, moments), 1, max(len(times) - 1, 1))
    earlier = moments - times[after - 1] <= times[np.minimum(after, len(times) - 1)] - moments
    return after - earlier


def stamps(path: str | Path) -> np.ndarray:
    """When each frame of a video is shown, in seconds from the first, `(N,)`: for clips of no fixed rate."""
    _quiet()
    capture, found = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1]), []
    try:
        while capture.grab():
            found.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    finally:
        capture.release()
    times = np.maximum.accumulate(np.asarray(found) - found[:1])  # a decoder's last frame may state none
    if not times.size or times[-1] <= 0:
        raise DecodeError(f"{Path(path).name} has neither a frame rate nor time stamps to sample it by.")
    return times


def read(path: str | Path, indices: Iterable[int], size: int | None = None) -> np.ndarray:
    """The frames of a video (or picture) at the given indices.

    Args:
        path: Video file, or picture file, which counts as a video of one frame.
        indices: Frame numbers from 0; repeats are allowed and decoded once.
        size: Side of the square that every frame is resized to (area interpolation); `None` keeps the size.

    Returns:
        RGB array `(T, H, W, 3)` uint8.

    Raises:
        DecodeError: The file is missing, unreadable, or ends before the last wanted frame.
    """
    [clip] = read_several(path, [(indices, size)])
    if isinstance(clip, DecodeError):
        raise clip
    return clip


def read_several(
    path: str | Path, wants: Sequence[tuple[Iterable[int], int | None]]
) -> list[np.ndarray | DecodeError]:
    """Several choices of frames of a video, from one pass over it.

    Args:
        path: As for `read`.
        wants: Indices and size of each choice, as for `read`.

    Returns:
        What `read` returns for each choice alone, or the error that it raises for it.
    """
    path = Path(path)
    choices = [_Choice(path, indices, size) for indices, size in wants]
    if not path.is_file():
        _fail(choices, lambda _: f"{path.name} is missing; fetch or import the data set again.")
    else:
        _fill(path, choices)
    return [choice.result() for choice in choices]


class _Choice:
    """Frames that one consumer wants, converted straight into their place of one array as they come."""

    def __init__(self, path: Path, indices: Iterable[int], size: int | None) -> None:
        self.name, self.size = path.name, size
        self.wanted = np.asarray(list(indices), dtype=np.int64)
        self.unique, self.inverse = np.unique(self.wanted, return_inverse=True)
        self.clip: np.ndarray | None = None
        self.taken, self.error = 0, ""
        if not len(self.wanted):
            self.error = f"No frame is wanted of {self.name}: the index says that it has none."

    def waits(self) -> bool:
        """Whether there is a frame to come."""
        return not self.error and self.taken < len(self.unique)

    def take(self, picture: np.ndarray) -> None:
        """The next frame, BGR in the right size."""
        if self.clip is None:
            self.clip = np.empty((len(self.unique), *picture.shape), np.uint8)
        if picture.shape != self.clip.shape[1:]:
            self.error = f"{self.name} changes its frame size midway; give a size to resize to."
            return
        cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=self.clip[self.taken])
        self.taken += 1

    def result(self) -> np.ndarray | DecodeError:
        """The clip `(T, H, W, 3)`, repeats included."""
        if self.error:
            return DecodeError(self.error)
        assert self.clip is not None  # at least one frame was wanted, and came
        return self.clip if np.array_equal(self.unique, self.wanted) else self.clip[self.inverse]


def _fail(choices: Iterable[_Choice], why: Callable[[_Choice], str]) -> None:
    """Ends the choices that still wait."""
    for choice in choices:
        if choice.waits():
            choice.error = why(choice)


def _fill(path: Path, choices: Sequence[_Choice]) -> None:
    """Gives every choice its frames; whatever ends the file early ends those that still wait."""
    targets = np.unique(np.concatenate([choice.unique for choice in choices]))
    try:
        for target, frame in _select(path, targets):
            _give(frame, target, choices)
    except _Ended as end:
        count = end.frames
        _fail(choices, lambda c: f"{path.name} yields {count} frames; frame {c.unique[-1]} is wanted.")
    except cv2.error as error:
        reason = f"{path.name} cannot be decoded: {error.err}."
        _fail(choices, lambda _: reason)
    unread = f"{path.name} is not a readable picture, or more than its one frame is wanted."
    _fail(choices, lambda _: unread)


def _give(frame: np.ndarray | None, target: int, choices: Sequence[_Choice]) -> None:
    """Hands a frame to the choices that it is the next of, resized once for each size."""
    pictures: dict[int | None, np.ndarray] = {}
    for choice in choices:
        if not choice.waits() or choice.unique[choice.taken] != target:
            continue
        if frame is None:
            choice.error = f"{choice.name} has a frame, {target}, that cannot be decoded."
            continue
        try:
            if choice.size not in pictures:
                pictures[choice.size] = _fit(frame, choice.size)
            choice.take(pictures[choice.size])
        except cv2.error as error:
            choice.error = f"{choice.name} cannot be decoded: {error.err}."


def _fit(frame: np.ndarray, size: int | None) -> np.ndarray:
    if size is None or frame.shape[:2] == (size, size):
        return frame
    return cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA)


class _Ended(Exception):
    """The video ends before the last target."""

    def __init__(self, frames: int) -> None:
        self.frames = frames


def _select(path: Path, targets: np.ndarray) -> Iterator[tuple[int, np.ndarray | None]]:
    """Index and BGR frame at ascending, distinct indices, `None` for a bad one; each lasts until the next."""
    _quiet()
    if path.suffix.lower() in IMAGES:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is not None and len(targets) and targets[0] == 0:
            yield 0, picture
        return
    # The backend is fixed, since others take '%' in a name for a numbered series of pictures.
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        yield from _walk(capture, targets)
    finally:
        capture.release()


def _walk(capture: cv2.VideoCapture, targets: np.ndarray) -> Iterator[tuple[int, np.ndarray | None]]:
    """grab() every frame up to the last wanted one, retrieve() the wanted ones."""
    position, memory = -1, None
    for target in targets.tolist():
        while position < target:
            if not capture.grab():
                raise _Ended(position + 1)
            position += 1
        done, frame = capture.retrieve(memory)  # into the last one's memory: new pages cost as much as pixels
        if done and frame is not None:
            memory = frame
        yield target, frame if done else None


@functools.cache
def _quiet() -> None:
    """Bad clips are reported by us, once; the codec's own chatter on stderr is switched off."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

"""Candidates for storing 8-bit flow: each packs a clip to bytes and reads it back."""

import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from vidattn.data.shards import packing

Codec = tuple[Callable[[np.ndarray], list[bytes]], Callable[[list[bytes], tuple], np.ndarray]]


def codecs() -> dict[str, Codec]:
    """Pack and unpack by name; a clip is `(T, H, W, 2)` uint8, `unpack` also takes that shape."""
    return {
        "npy": (lambda clip: [clip.tobytes()], lambda parts, shape: _array(parts[0]).reshape(shape).copy()),
        "deflate": (_deflate, _inflate),
        "png": (lambda clip: _images(clip, ".png", [cv2.IMWRITE_PNG_COMPRESSION, 9]), _from_images),
        "webp": (packing.pack, lambda parts, shape: packing.unpack([_array(p) for p in parts], shape[1:])),
        "ffv1": (lambda clip: _video(clip, "FFV1", ".avi"), _from_video),
        "jpeg": (lambda clip: _pairs(clip, [cv2.IMWRITE_JPEG_QUALITY, 95]), _from_pairs),
        "jpeg100": (lambda clip: _pairs(clip, [cv2.IMWRITE_JPEG_QUALITY, 100]), _from_pairs),
        "mpeg4": (lambda clip: _video(clip, "mp4v", ".mp4"), _from_video),
    }


def _array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


def _planes(clip: np.ndarray) -> np.ndarray:
    """x above y: `(T, 2H, W)`."""
    return np.ascontiguousarray(clip.transpose(0, 3, 1, 2)).reshape(len(clip), -1, clip.shape[2])


def _clip(planes: np.ndarray, shape: tuple) -> np.ndarray:
    frames, height, width, channels = shape
    return planes.reshape(frames, channels, height, width).transpose(0, 2, 3, 1)


def _deflate(clip: np.ndarray) -> list[bytes]:
    return [zlib.compress(_planes(clip).tobytes(), 6)]


def _inflate(parts: list[bytes], shape: tuple) -> np.ndarray:
    return _clip(_array(zlib.decompress(parts[0])), shape)


def _images(clip: np.ndarray, suffix: str, options: list[int]) -> list[bytes]:
    return [cv2.imencode(suffix, plane, options)[1].tobytes() for plane in _planes(clip)]


def _from_images(parts: list[bytes], shape: tuple) -> np.ndarray:
    return _clip(np.stack([cv2.imdecode(_array(part), cv2.IMREAD_GRAYSCALE) for part in parts]), shape)


def _pairs(clip: np.ndarray, options: list[int]) -> list[bytes]:
    """One file for x and one for y of every pair, as the two-stream code of the time did."""
    return [
        cv2.imencode(".jpg", one, options)[1].tobytes() for both in clip for one in np.moveaxis(both, -1, 0)
    ]


def _from_pairs(parts: list[bytes], shape: tuple) -> np.ndarray:
    return _from_images(parts, shape)


def _video(clip: np.ndarray, code: str, suffix: str) -> list[bytes]:
    planes = _planes(clip)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip{suffix}"
        size = planes.shape[2], planes.shape[1]
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), 10, size, False)
        for plane in planes:
            writer.write(plane)
        writer.release()
        return [path.read_bytes()]


def _from_video(parts: list[bytes], shape: tuple) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip"
        path.write_bytes(parts[0])
        capture = cv2.VideoCapture(str(path))
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
        frames = [capture.read()[1] for _ in range(shape[0])]
        capture.release()
    height = 2 * shape[1]
    luma = [frame.reshape(-1, shape[2])[:height] for frame in frames]  # a colour format has its chroma below
    return _clip(np.stack(luma), shape)

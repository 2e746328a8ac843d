"""Lossless packing of clips: 8-bit pictures as WebP, several times smaller than plain arrays.

WebP is the smallest of the lossless codecs at hand that read from memory: the rows `storage_*` and `unpack_*`
of the table `benchmarks` compare it with the others.
"""

import cv2
import numpy as np

CONTAINERS = ("npy", "webp")
ROWS = 16383  # WebP's largest height


def pack(clip: np.ndarray) -> list[bytes]:
    """A clip `(T, H, W, C)` uint8 as WebP files of as many frames as fit, frames below each other.

    Two channels become red and green (the smallest of the choices), three the planes of a colour picture, any
    other count stands side by side.
    """
    frames = len(clip)
    step = max(1, ROWS // clip.shape[1])
    return [_encode(_picture(clip[first : first + step])) for first in range(0, frames, step)]


def unpack(parts: list[np.ndarray], shape: tuple[int, int, int]) -> np.ndarray:
    """The clip again, from its files as uint8 arrays and the shape `(H, W, C)` of a frame."""
    height, width, channels = shape
    clips = []
    for part in parts:
        picture = cv2.imdecode(part, cv2.IMREAD_COLOR)
        if picture is None:
            raise ValueError(
                "A packed clip cannot be read: its store is damaged. Delete it and extract again."
            )
        if channels in (2, 3):
            planes = picture if channels == 3 else picture[..., :0:-1]
            clips.append(planes.reshape(-1, height, width, channels))
        else:
            clips.append(picture[..., 0].reshape(-1, height, channels, width).swapaxes(2, 3))
    return np.concatenate(clips)


def _picture(clip: np.ndarray) -> np.ndarray:
    count, height, width, channels = clip.shape
    if channels == 3:
        return clip.reshape(-1, width, 3)
    if channels == 2:
        empty = np.zeros((count * height, width, 1), np.uint8)
        return np.concatenate([empty, clip[..., ::-1].reshape(-1, width, 2)], axis=-1)
    return clip.swapaxes(2, 3).reshape(count * height, channels * width)


def _encode(picture: np.ndarray) -> bytes:
    # A quality above 100 is OpenCV's way to ask for lossless.
    done, data = cv2.imencode(".webp", np.ascontiguousarray(picture), [cv2.IMWRITE_WEBP_QUALITY, 101])
    if not done:
        raise ValueError(f"A picture of {picture.shape[1]}x{picture.shape[0]} does not fit WebP; use 'npy'.")
    return data.tobytes()

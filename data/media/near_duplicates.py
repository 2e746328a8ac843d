"""Clips that show the same, re-encoded copies included: perceptual hashes of three frames, compared."""

from pathlib import Path

import cv2
import numpy as np

from vidattn.data.media import decode

PLACES = (0.25, 0.5, 0.75)  # of the clip
NEAR = 8  # of 64 bits that may differ in each frame; encoders flip up to about six, other scenes about 32
FLAT = 6.0  # standard deviation of the grey values below which a frame shows nothing to compare


def fingerprint(path: Path) -> np.ndarray | None:
    """(3, 8) bytes, a hash of each of three frames (one of a picture); None where it cannot be decoded."""
    try:
        frames = decode.read(path, _places(path))
    except decode.DecodeError:
        return None
    if min(frame.std() for frame in frames) < FLAT:
        return None
    hashes = [cv2.img_hash.pHash(frame[..., ::-1])[0] for frame in frames]
    return np.stack(hashes * (len(PLACES) // len(hashes)))


def _places(path: Path) -> list[int]:
    """Numbers of the frames to look at, by the length that the header states."""
    if path.suffix.lower() in decode.IMAGES:
        return [0]
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    return [int(place * max(count, 1)) for place in PLACES]


def pairs(prints: list[np.ndarray | None], apart: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of clips that show the same, (i, j) with i < j.

    Args:
        prints: Fingerprint of each clip.
        apart: (N,) what pairs must differ in to count, their fold for example.
    """
    known = np.array([i for i, one in enumerate(prints) if one is not None], dtype=int)
    if len(known) < 2:
        return []
    bits = np.unpackbits(np.stack([prints[i] for i in known]), axis=2).astype(np.int16)  # (N, 3, 64)
    found = []
    for place, i in enumerate(known):
        distance = np.abs(bits[place + 1 :] - bits[place]).sum(2).max(1)  # the worst of the three frames
        others = known[place + 1 :][distance <= NEAR]
        found += [(int(i), int(j)) for j in others if apart[i] != apart[j]]
    return found

"""Stacks of flow, made on the fly from flow stored once a pair (Simonyan and Zisserman, 2014, section 3)."""

import cv2
import numpy as np

KINDS = ("consecutive", "bidirectional", "trajectory")


def stack(clips: np.ndarray, length: int = 5, kind: str = "consecutive", bound: float = 20.0) -> np.ndarray:
    """Joins flows to stacks, one for each start.

    Args:
        clips: Flow `(B, T-1, H, W, 2)`, of any type, or `(B, T-1, H, W, 4)`, forward and backward.
        length: `L`.
        kind: "consecutive", equation 1: the flows at one place. "trajectory", equation 2: the flows along the
            path of the pixel. "bidirectional": L/2 forward flows from a frame on and L/2 backward from it.
        bound: Of 8-bit flow; "trajectory" needs pixels to follow.

    Returns:
        `(B, T-L, H, W, 2L)`, channels x1, y1, x2, y2, ...: stack i holds the flows i ... i+L-1.
    """
    if not 1 <= length <= clips.shape[1]:
        raise ValueError(f"A stack of {length} flows needs as many in a clip, which has {clips.shape[1]}.")
    if kind == "consecutive":
        return _consecutive(clips[..., :2], length)
    if kind == "trajectory":
        return np.stack([_trajectories(clip[..., :2], length, bound) for clip in clips])
    if kind == "bidirectional":
        return _bidirectional(clips, length)
    raise ValueError(f"Unknown kind of stack {kind!r}. Expected one of: {', '.join(KINDS)}.")


def _consecutive(clips: np.ndarray, length: int) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(clips, length, axis=1)  # (B, T-L, H, W, 2, L)
    return np.ascontiguousarray(windows.swapaxes(-1, -2)).reshape(*windows.shape[:4], 2 * length)


def _bidirectional(clips: np.ndarray, length: int) -> np.ndarray:
    """Frame t from L/2 on: forward t, t+1, ..., then backward t to t-1, t-1 to t-2, ..."""
    if length % 2 or clips.shape[-1] != 4:
        raise ValueError(
            f"Bidirectional stacks need an even length, not {length}, and forward and backward flow, "
            f"that is 4 channels, not {clips.shape[-1]}: extract it with definition 'both'."
        )
    half, count = length // 2, clips.shape[1] + 1 - length
    frames = half + np.arange(count)
    forward = [clips[:, frames + step, ..., :2] for step in range(half)]
    backward = [clips[:, frames - 1 - step, ..., 2:] for step in range(half)]
    return np.concatenate(forward + backward, axis=-1)


def _trajectories(clip: np.ndarray, length: int, bound: float) -> np.ndarray:
    """One clip `(T-1, H, W, 2)`; beside the picture the edge goes on."""
    height, width = clip.shape[1:3]
    pixels = clip if clip.dtype != np.uint8 else (clip.astype(np.float32) - 128) * (bound / 127)
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    stacks = []
    for start in range(len(clip) - length + 1):
        place, found = grid, []
        for step in range(start, start + length):
            found.append(_at(clip[step], place))
            place = place + _at(pixels[step].astype(np.float32), place)
        stacks.append(np.concatenate(found, axis=-1))
    return np.stack(stacks)


def _at(flow: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Bilinear values at places `(H, W, 2)`."""
    x, y = place[..., 0], place[..., 1]
    return cv2.remap(np.ascontiguousarray(flow), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

"""Contact sheets: what a clip's frames, flow and ground truth look like."""

from pathlib import Path

import cv2
import numpy as np

from vidattn.data.extract import flow as flow_of
from vidattn.data.files import folder_seal
from vidattn.data.media.decode import uniform
from vidattn.data.shards import format as shards

GAP = 2


def sheet(
    frames: np.ndarray, flow: np.ndarray | None = None, mask: np.ndarray | None = None, columns: int = 9
) -> np.ndarray:
    """Draws a clip as rows of pictures: frames, below them flow, below that the frames with the mask.

    Args:
        frames: RGB `(T, H, W, 3)` uint8.
        flow: Consecutive flow `(T-1, H, W, 2)`: uint8 as stored, or float pixels. Strength is relative to the
            clip's own fast vectors. The last cell is the colour key.
        mask: `(T, H, W)`, above 0 where the actor is.
        columns: Frames in a row; longer clips go on below.

    Returns:
        RGB picture `(height, width, 3)` uint8.
    """
    strips = [frames]
    if flow is not None:
        strips.append(np.concatenate([wheel(_unit(flow)), key(*frames.shape[1:3])[None]]))
    if mask is not None:
        strips.append(_overlay(frames, mask))
    blocks = [
        _row(strip[i : i + columns], columns) for i in range(0, len(frames), columns) for strip in strips
    ]
    return np.concatenate(blocks)


def wheel(vectors: np.ndarray) -> np.ndarray:
    """Vectors `(..., 2)` to colours: direction is the hue, length (up to 1) the strength; white stands still.

    Right is red, down is yellow-green, left is cyan, up is violet.
    """
    x, y = vectors[..., 0], vectors[..., 1]
    hue = (np.rad2deg(np.arctan2(y, x)) % 360) / 2  # OpenCV counts 180 hues
    strength = np.clip(np.hypot(x, y), 0, 1) * 255
    hsv = np.stack([hue, strength, np.full_like(hue, 255)], axis=-1).astype(np.uint8)
    return cv2.cvtColor(hsv.reshape(-1, 1, 3), cv2.COLOR_HSV2RGB).reshape(*hsv.shape)


def key(height: int, width: int) -> np.ndarray:
    """The colour of every direction and length, as a disc on grey, `(height, width, 3)`."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    disc = wheel(np.stack([x, y], axis=-1).astype(np.float32))
    disc[np.hypot(x, y) > 1] = 128
    return disc


def clip(
    name: str, store: str | Path, clip_id: str, frames_path: str | Path, flow_path: str | Path | None = None
) -> np.ndarray:
    """The sheet of a data set's clip from its stores, with the mask where there is ground truth."""
    frames_store = shards.open(frames_path)
    frames = frames_store.read([clip_id])[0]
    vectors = shards.open(flow_path).read([clip_id])[0] if flow_path else None
    truth, mask = Path(store) / name / "truth" / f"{clip_id}.npz", None
    again = "Make it again: vidattn data fetch, or import it."
    if folder_seal.broken(truth.parent, truth.name):
        raise ValueError(f"{truth} is missing or damaged. {again}")
    if truth.is_file():
        mask = folder_seal.read(truth, lambda path: _truth(path, frames), again)
    return sheet(frames, vectors, mask)


def save(picture: np.ndarray, path: str | Path) -> Path:
    """Writes an RGB picture as PNG, whole or not at all."""
    done, data = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
    if not done:
        raise ValueError(f"A picture of shape {picture.shape} cannot be written as PNG.")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    shards.place(path, lambda file: file.write(data.tobytes()))
    return path


def _truth(path: Path, frames: np.ndarray) -> np.ndarray:
    """Masks at the size of the frames; the truth is of every frame, the sheet shows the sampled ones."""
    with np.load(path, allow_pickle=False) as truth:
        masks = truth["mask"]
    chosen = masks[uniform(len(masks), len(frames))]
    size = frames.shape[2], frames.shape[1]
    return np.stack([cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST) for mask in chosen])


def _unit(flow: np.ndarray) -> np.ndarray:
    """Flow in units of its fast vectors (99 of 100 are slower), but never of mere rounding."""
    vectors = flow_of.dequantise(flow, 1.0) if flow.dtype == np.uint8 else flow
    fast = float(np.percentile(np.hypot(vectors[..., 0], vectors[..., 1]), 99))
    return vectors / max(fast, 0.05)


def _overlay(frames: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Frames with everything but the masked part dimmed, and that tinted."""
    inside = (mask > 0)[..., None]
    tinted = frames * 0.6 + np.array([255, 60, 60]) * 0.4
    return np.where(inside, tinted, frames * 0.35).astype(np.uint8)


def _row(pictures: np.ndarray, columns: int) -> np.ndarray:
    """Pictures side by side, each with a margin; a short row is filled up in white."""
    count, height, width = pictures.shape[:3]
    out = np.full((height + GAP, columns * (width + GAP), 3), 255, np.uint8)
    for i in range(count):
        out[:height, i * (width + GAP) : i * (width + GAP) + width] = pictures[i]
    return out

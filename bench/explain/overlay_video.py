"""Maps over moving pictures, for a page (gif) or a player (mp4)."""

import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from vidattn.bench.explain import contact_sheet
from vidattn.data.files import atomic

SIDE, STRIP = 160, 16  # pixels: a panel, the line with its name
RATE = 7  # frames a second
SUFFIXES = (".gif", ".mp4")


def pictures(clips: Sequence[dict]) -> np.ndarray:
    """Each clip as a row: its frames, then every map of places laid over them.

    Args:
        clips: As of `attention_maps.clips`.

    Returns:
        (T, H, W, 3) uint8.
    """
    rows = [_row([("frames", clip["frames"]), *_overlays(clip)]) for clip in clips]
    width, steps = max(row.shape[2] for row in rows), max(len(row) for row in rows)
    padded = [np.pad(row, [(0, 0), (0, 0), (0, width - row.shape[2]), (0, 0)]) for row in rows]
    spread = [row[np.arange(steps) * len(row) // steps] for row in padded]
    return np.concatenate(spread, axis=1)


def _overlays(clip: dict) -> list[tuple[str, np.ndarray]]:
    places = {name: maps for name, maps in clip["maps"].items() if maps.ndim == 3}
    return [(name, contact_sheet.overlay(clip["frames"], maps)) for name, maps in places.items()]


def _row(panels: list[tuple[str, np.ndarray]]) -> np.ndarray:
    return np.concatenate([_panel(name, frames) for name, frames in panels], axis=2)


def _panel(name: str, frames: np.ndarray) -> np.ndarray:
    """Frames (T, H, W, 3) at the size of a panel, below their name."""
    made = np.zeros((len(frames), STRIP + SIDE, SIDE, 3), np.uint8)
    for t, frame in enumerate(frames):
        made[t, STRIP:] = cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        strip = np.ascontiguousarray(made[t, :STRIP])
        cv2.putText(strip, name, (3, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
        made[t, :STRIP] = strip
    return made


def write(path: Path, frames: np.ndarray) -> Path:
    """Writes frames (T, H, W, 3) uint8 as the path's ending says, whole or not at all."""
    if path.suffix == ".gif":
        return atomic.write(path, gif(frames))
    size = (frames.shape[2] // 2 * 2, frames.shape[1] // 2 * 2)  # the encoder wants even sides
    with atomic.replace(path) as partial:
        named = partial.with_name(f"{partial.name}.mp4")  # OpenCV goes by the ending
        writer = cv2.VideoWriter(str(named), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"mp4v"), RATE, size)
        if not writer.isOpened():
            raise OSError(
                f"OpenCV cannot write a video at {path}; write a .gif, or look at the folder's rights."
            )
        for frame in frames:
            writer.write(np.ascontiguousarray(frame[: size[1], : size[0], ::-1]))
        writer.release()
        named.replace(partial)
    return path


def gif(frames: np.ndarray) -> bytes:
    """An endless GIF of 128 colours a frame."""
    drawn = [Image.fromarray(f).quantize(128, dither=Image.Dither.NONE) for f in frames]
    made = io.BytesIO()
    drawn[0].save(
        made, "GIF", save_all=True, append_images=drawn[1:], duration=round(1000 / RATE), loop=0, disposal=2
    )
    return made.getvalue()

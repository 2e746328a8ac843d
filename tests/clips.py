"""Small videos and indices for the tests of the data layer."""

import random
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from vidattn.data.media.probe import digest


def write_video(path: Path, frames: np.ndarray, fps: float = 10.0) -> Path:
    """An MJPEG AVI of RGB frames (T, H, W, 3)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = frames.shape[1:3]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path


def levels(count: int, side: int = 32, step: int = 5) -> np.ndarray:
    """Flat frames whose brightness tells their number: step, 2 step, ..."""
    return np.broadcast_to(
        (np.arange(1, count + 1) * step).astype(np.uint8)[:, None, None, None], (count, side, side, 3)
    )


def moving(seed: int, count: int = 12, side: int = 32, shift: tuple[int, int] = (1, 0)) -> np.ndarray:
    """A smooth texture that moves by `shift` (x, y) pixels a frame."""
    rng = np.random.default_rng(seed)
    texture = cv2.GaussianBlur(rng.integers(0, 256, (3 * side, 3 * side, 3)).astype(np.float32), (0, 0), 2)
    texture = ((texture - texture.min()) / np.ptp(texture) * 255).astype(np.uint8)
    x, y = shift
    return np.stack([np.roll(texture, (i * y, i * x), (0, 1))[:side, :side] for i in range(count)])


def write_dataset(store: Path, name: str, count: int, frames: int = 12, side: int = 32) -> pd.DataFrame:
    """`count` clips of moving texture, and their index.csv."""
    rows = []
    for number in range(count):
        clip, length = f"c{number:03d}", frames + number % 3
        path = Path("raw") / f"{clip}.avi"
        write_video(store / name / path, moving(number, length, side, (1 + number % 2, 0)))
        row = {"clip": clip, "label": f"k{number % 2}", "group": f"g{number % 3}", "path": str(path)}
        row |= {"frames": length, "fps": 10.0, "width": side, "height": side}
        rows.append(row | {"digest": digest(store / name / path), "status": "ok", "reason": ""})
    table = pd.DataFrame(rows)
    table.to_csv(store / name / "index.csv", index=False)
    return table


def change_row(store: Path, name: str, clip: str, **values: object) -> None:
    """Changes values of a clip in the index; `digest=None` stands for the file's own."""
    index = store / name / "index.csv"
    table = pd.read_csv(index, keep_default_na=False).set_index("clip", drop=False)
    if "digest" in values and values["digest"] is None:
        values["digest"] = digest(store / name / table.loc[clip, "path"])
    for key, value in values.items():
        table.loc[clip, key] = value
    table.to_csv(index, index=False)


DAMAGE = ("truncated", "flipped", "zeroed", "text")


def corrupt(data: bytes, kind: str, rng: random.Random) -> bytes:
    """Bytes with one kind of `DAMAGE`."""
    if kind == "truncated":
        return data[: rng.randrange(len(data))]
    if kind == "text":
        return bytes(rng.choices(b"abcdefghij \n", k=2000))
    data = bytearray(data)
    if kind == "flipped":
        for _ in range(rng.randrange(1, 400)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    else:
        start = rng.randrange(len(data))
        length = rng.randrange(1, len(data) - start + 1)
        data[start : start + length] = bytes(length)
    return bytes(data)

"""The other side of the speed and storage comparison: how others do what `vidattn.data` does.

Each function is the plain way of the thesis' or the ICIP authors' pipeline, or of another library, written
to do the same work as ours and nothing besides.
"""

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np


def bare_tvl1(tones: np.ndarray) -> None:
    """`DualTVL1.calc` in a loop over consecutive grey frames `(T, H, W)`; the results are dropped."""
    tvl1 = cv2.optflow.DualTVL1OpticalFlow_create()
    for first, second in zip(tones[:-1], tones[1:]):
        tvl1.calc(first, second, None)


def thesis_flow(path: str | Path, frames: int, size: int, length: int, out: Path) -> None:
    """The thesis' flow of a clip: all frames read, every stack's pairs computed, deflated 64-bit integers."""
    clip = read_all(path)
    clip = clip[np.arange(frames) * len(clip) // frames]
    tones = [cv2.cvtColor(_area(frame, size), cv2.COLOR_RGB2GRAY) for frame in clip]
    tvl1 = cv2.optflow.DualTVL1OpticalFlow_create()
    stacks = []
    for i in range(frames - length):
        flows = [tvl1.calc(tones[i], tones[i + step], None) for step in range(1, length + 1)]
        stacks.append(np.concatenate(flows, axis=-1))
    out.write_bytes(int64_npz(np.stack(stacks)))


def int64_npz(stacks: np.ndarray) -> bytes:
    """The thesis' storage: stacks cut to whole pixels as 64-bit integers, deflated."""
    file = io.BytesIO()
    np.savez_compressed(file, stacks.astype(np.int64))
    return file.getvalue()


def jpeg_pairs(flow: np.ndarray, bound: float) -> tuple[int, float]:
    """Two-stream storage: `[-bound, bound]` to 0 ... 255, a JPEG for x and one for y of every pair.

    OpenCV's quality, 95. Returns bytes and mean error in pixels, of flow `(T-1, H, W, 2)`.
    """
    levels = np.clip(np.rint((flow / bound + 1) * 127.5), 0, 255).astype(np.uint8)
    size, error = 0, 0.0
    for exact, stored in zip(np.moveaxis(flow, -1, 0), np.moveaxis(levels, -1, 0)):
        for true, plane in zip(exact, stored):
            file = cv2.imencode(".jpg", plane)[1]
            back = cv2.imdecode(file, cv2.IMREAD_GRAYSCALE).astype(np.float32)
            size, error = size + len(file), error + float(np.abs((back / 127.5 - 1) * bound - true).mean())
    return size, error / (2 * len(flow))


def read_all(path: str | Path, indices: np.ndarray | None = None) -> np.ndarray:
    """Reads and converts every frame, then picks; `(T, H, W, 3)` RGB."""
    capture, frames = cv2.VideoCapture(str(path)), []
    while True:
        done, frame = capture.read()
        if not done:
            break
        frames.append(frame[..., ::-1])
    capture.release()
    return np.stack(frames if indices is None else [frames[i] for i in indices])


def seek(path: str | Path, indices: np.ndarray) -> np.ndarray:
    """Sets the position before each wanted frame."""
    capture, frames = cv2.VideoCapture(str(path)), []
    for index in indices:
        capture.set(cv2.CAP_PROP_POS_FRAMES, int(index))
        frames.append(capture.read()[1][..., ::-1])
    capture.release()
    return np.stack(frames)


def pyav(path: str | Path, indices: np.ndarray) -> np.ndarray:
    """PyAV, in order, converting the wanted frames only."""
    import av

    wanted, frames = set(indices.tolist()), {}
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                frames[number] = frame.to_ndarray(format="rgb24")
            if number == indices[-1]:
                break
    return np.stack([frames[i] for i in indices])


def decord(path: str | Path, indices: np.ndarray) -> np.ndarray:
    """decord's batch of frames."""
    import decord as library

    return library.VideoReader(str(path)).get_batch(indices.tolist()).asnumpy()


def torchcodec(path: str | Path, indices: np.ndarray) -> np.ndarray:
    """TorchCodec's frames by index."""
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(str(path), dimension_order="NHWC")
    return decoder.get_frames_at(indices.tolist()).data.numpy()


def one_by_one(frames: np.ndarray, predict: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The ICIP authors' feature pass: a forward pass for every single frame `(N, H, W, 3)`."""
    return np.concatenate([np.asarray(predict(frame[None])) for frame in frames])


DECODERS = {
    "read_all": read_all,
    "seek": seek,
    "pyav": pyav,
    "decord": decord,
    "torchcodec": torchcodec,
}


def _area(frame: np.ndarray, size: int) -> np.ndarray:
    return cv2.resize(np.ascontiguousarray(frame), (size, size), interpolation=cv2.INTER_AREA)

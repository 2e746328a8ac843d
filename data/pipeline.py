"""From stores to batches: reproducible order, all streams from one row, float arrays ready for a model."""

from collections.abc import Iterator, Sequence

import numpy as np
from vidattn.data.flow import stack
from vidattn.data.shards import Clips

CAFFE_MEAN = np.array([123.68, 116.779, 103.939], np.float32)  # of ImageNet, R, G, B

Batch = tuple[dict[str, np.ndarray], np.ndarray]


def order(count: int, seed: int, epoch: int, shuffle: bool) -> np.ndarray:
    """Order of the clips in an epoch, `(count,)`: a function of its arguments and of nothing else."""
    if not shuffle:
        return np.arange(count)
    return np.random.default_rng([seed, epoch]).permutation(count)


def batches(
    streams: dict[str, Clips],
    labels: Sequence[int] | np.ndarray,
    ids: Sequence[str],
    batch: int,
    *,
    seed: int = 0,
    epoch: int = 0,
    shuffle: bool = False,
    augment: dict | None = None,
    flow_length: int = 5,
    colour: str = "rgb",
    preprocess: str = "tf",
    frames: int | None = None,
    drop_remainder: bool = False,
    step: int = 0,
) -> Iterator[Batch]:
    """The batches of one epoch.

    Args:
        streams: Stores by stream name: "rgb", "image", "flow" or "features".
        labels: Class index per clip, in the order of `ids`.
        ids: Clips of the fold's side.
        batch: `B`.
        seed, epoch: Fix order and augmentation.
        shuffle: New order each epoch; off for validation and test, which are read in order and complete.
        augment: Settings of `augment`, for training only; `None` leaves clips as they are.
        flow_length: `L` of the stacks made of consecutive flow.
        colour: "bgr" swaps the channels, the ICIP code's defect.
        preprocess: Of rgb and image: "tf" (x / 127.5 - 1), "caffe" (BGR less the ImageNet mean) or "none".
        frames: `T` of ragged stores, padded with zeros after preprocessing.
        drop_remainder: Leaves out a last batch of fewer than `B`.
        step: First batch to give, to go on where an epoch was cut.

    Yields:
        (arrays by stream name, labels `(B,)` int64). All arrays are float32: "rgb" `(B, T, H, W, 3)`, "image"
        `(B, H, W, 3)`, "flow" `(B, T-L, H, W, 2L)` in [-1, 1], "features" `(B, T, D)`.
    """
    labels = np.asarray(labels, np.int64)
    if len(labels) != len(ids):
        raise ValueError(f"{len(ids)} clips came with {len(labels)} labels.")
    permutation = order(len(ids), seed, epoch, shuffle)
    count = len(ids) // batch if drop_remainder else -(-len(ids) // batch)
    for number in range(step, count):
        rows = permutation[number * batch : (number + 1) * batch]
        chosen = [ids[row] for row in rows]
        raw = {name: _read(name, clips, chosen, flow_length, frames) for name, clips in streams.items()}
        arrays = {name: finish(name, array, colour, preprocess) for name, array in raw.items()}
        for name, clips in streams.items():
            if clips.ragged:
                arrays[name][~clips.mask(chosen, arrays[name].shape[1])] = 0
        yield arrays, labels[rows]


def _read(name: str, clips: Clips, ids: Sequence[str], flow_length: int, frames: int | None) -> np.ndarray:
    array = clips.read(ids, frames if clips.ragged else None)
    if name == "flow" and clips.settings["definition"] == "consecutive":
        return stack(array, flow_length)
    if name == "image":
        return array[:, array.shape[1] // 2]
    return array


def finish(name: str, array: np.ndarray, colour: str = "rgb", preprocess: str = "tf") -> np.ndarray:
    """Bytes to what a model takes, float32."""
    if name == "features":
        return array.astype(np.float32)
    if name == "flow":
        return _scale(array)
    if colour not in ("rgb", "bgr"):
        raise ValueError(f"Unknown colour order {colour!r}. Expected one of: bgr, rgb.")
    if colour == "bgr":
        array = array[..., ::-1]
    if preprocess == "tf":
        return _scale(array)
    if preprocess == "caffe":
        return (array.astype(np.float32) - CAFFE_MEAN)[..., ::-1]
    if preprocess == "none":
        return array.astype(np.float32)
    raise ValueError(f"Unknown preprocessing {preprocess!r}. Expected one of: caffe, none, tf.")


def _scale(array: np.ndarray) -> np.ndarray:
    out = array.astype(np.float32)
    out /= 127.5
    out -= 1
    return out

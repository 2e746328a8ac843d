"""From stores to batches: reproducible order, all streams from one row, float arrays ready for a model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vidattn.data.batches import augment as augmentation
from vidattn.data.batches.prefetch import ahead
from vidattn.data.batches.stacks import stack
from vidattn.data.shards.format import Clips

CAFFE_MEAN = np.array([123.68, 116.779, 103.939], np.float32)  # of ImageNet, R, G, B

Batch = tuple[dict[str, np.ndarray], np.ndarray]


def order(count: int, seed: int, epoch: int, shuffle: bool) -> np.ndarray:
    """Order of the clips in an epoch, `(count,)`: a function of its arguments and of nothing else."""
    if not shuffle:
        return np.arange(count)
    return np.random.default_rng([seed, epoch]).permutation(count)


def rows(
    count: int,
    batch: int,
    *,
    seed: int = 0,
    epoch: int = 0,
    shuffle: bool = False,
    drop_remainder: bool = False,
) -> list[np.ndarray]:
    """The rows of every batch of an epoch, each `(B,)` or shorter at the end."""
    ordered = order(count, seed, epoch, shuffle)
    whole = count - count % batch if drop_remainder else count
    return [ordered[start : start + batch] for start in range(0, whole, batch)]


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
    flow_kind: str = "consecutive",
    colour: str = "rgb",
    preprocess: str = "tf",
    frames: int | None = None,
    drop_remainder: bool = False,
    one_frame: bool = False,
    prefetch: int = 2,
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
        flow_length, flow_kind: Of the stacks, see `stacks.stack`; anchored flow comes as stacks.
        colour: "bgr" swaps the channels, the ICIP code's defect.
        preprocess: Of rgb and image: "tf" (x / 127.5 - 1), "caffe" (BGR less the ImageNet mean) or "none".
        frames: `T` of ragged stores, padded with zeros after preprocessing.
        drop_remainder: Leaves out a last batch of fewer than `B`.
        one_frame: Of each clip one random frame, and one random stack of flow, so that T is 1; an "image"
            stream then shows it in the place of the middle one. For training.
        prefetch: Batches that a background thread holds ready; 0 makes each when it is asked for.

    Returns:
        Iterator of (arrays by stream name, labels `(B,)` int64). All arrays are float32: "rgb"
        `(B, T, H, W, 3)`, "image" `(B, H, W, 3)`, "flow" `(B, T-L, H, W, 2L)` in [-1, 1], "features"
        `(B, T, D)`.
    """
    labels = np.asarray(labels, np.int64)
    if len(labels) != len(ids):
        raise ValueError(f"{len(ids)} clips came with {len(labels)} labels.")
    if one_frame and any(clips.ragged or name == "features" for name, clips in streams.items()):
        raise ValueError("One frame a clip is read from frames or flow of clips of one length, no features.")
    options = Options(seed, epoch, flow_length, flow_kind, colour, preprocess, frames, one_frame, augment)
    epochs = {"seed": seed, "epoch": epoch, "shuffle": shuffle, "drop_remainder": drop_remainder}
    made = ((_arrays(streams, ids, r, options), labels[r]) for r in rows(len(ids), batch, **epochs))
    return ahead(made, prefetch) if prefetch else made


@dataclass(frozen=True)
class Options:
    """What turns rows into arrays; see `batches`."""

    seed: int
    epoch: int
    flow_length: int
    flow_kind: str
    colour: str
    preprocess: str
    frames: int | None
    one_frame: bool
    augment: dict | None


def _arrays(
    streams: dict[str, Clips], ids: Sequence[str], rows: np.ndarray, options: Options
) -> dict[str, np.ndarray]:
    """All streams of some rows of a fold."""
    chosen = [ids[row] for row in rows]
    draws = (
        None
        if options.augment is None
        else augmentation.draw(options.augment, options.seed, options.epoch, rows)
    )
    arrays = {}
    for name, clips in streams.items():
        array = _read(name, clips, chosen, rows, options)
        if draws is not None:
            array = augmentation.apply(name, array, draws)
        array = finish(name, array, options.colour, options.preprocess)
        if clips.ragged:
            array[~clips.mask(chosen, array.shape[1])] = 0
        arrays[name] = array
    return arrays


def _read(name: str, clips: Clips, ids: Sequence[str], rows: np.ndarray, options: Options) -> np.ndarray:
    array = clips.read(ids, options.frames if clips.ragged else None)
    if name == "flow" and clips.settings["definition"] != "anchored":
        array = stack(array, options.flow_length, options.flow_kind, clips.settings["bound"])
    if name == "image":
        return array[np.arange(len(ids)), _frame(rows, clips.lengths[clips.rows(ids)], options)]
    if options.one_frame:
        lengths = np.full(len(ids), array.shape[1])
        return array[np.arange(len(ids)), _frame(rows, lengths, options)][:, None]
    return array


def _frame(rows: np.ndarray, lengths: np.ndarray, options: Options) -> np.ndarray:
    """The frame shown of each clip, `(B,)`; a random one depends on seed, epoch and row alone."""
    if not options.one_frame:
        return lengths // 2
    draws = [np.random.default_rng([options.seed, options.epoch, row, 1]).random() for row in rows]
    return (np.asarray(draws) * lengths).astype(int)


def finish(name: str, array: np.ndarray, colour: str = "rgb", preprocess: str = "tf") -> np.ndarray:
    """Bytes to what a model takes, float32."""
    if name == "features":
        return array.astype(np.float32)
    if name == "flow":  # 128 is zero
        out = array.astype(np.float32)
        out -= 128
        out /= 127
        return out
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

"""Features of a frozen backbone: one forward pass per (frames, backbone, preprocessing), kept in 16 bits.

The backbone comes in as a function, since `data` knows no models. Frames of several clips are joined to
batches of one fixed size, so that a compiled function is traced once.
"""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from vidattn.data.batches.pipeline import finish
from vidattn.data.shards import build as extraction
from vidattn.data.shards import format as shards

FORMAT = 1  # raise it when the same frames and encoder give other features: stores have it in their key
PICTURES = 64  # in a file, where a clip is a single frame
SMALLEST = 1e-3  # of a clip's largest feature: below 6e-5 numbers lose digits in 16 bits, and end at 6e-8

Encode = Callable[[np.ndarray], np.ndarray]


def extract(
    name: str,
    store: str | Path,
    frames_path: str | Path,
    encode: Encode,
    key: dict,
    batch: int = 32,
    *,
    frames: int | None = None,
    colour: str = "rgb",
    preprocess: str = "tf",
) -> Path:
    """Encodes every frame of a frames store.

    Args:
        name: Data set.
        store: Store folder; the result lies in `store/<name>/features/<key>`.
        frames_path: The frames store to read, regular or ragged; features are as regular or ragged.
        encode: `(batch, H, W, 3)` float32 to `(batch, D)`; pooled or flat is its own affair. Called in this
            process only: it uses the cores itself.
        key: What determines `encode`: backbone, weights' digest, input size, versions. JSON values only.
        batch: Frames in a forward pass.
        frames: Encodes the first so many frames of a clip only (the flat features of the ICIP protocol).
        colour, preprocess: As in `pipeline.batches`.

    Returns:
        The folder, for `shards.open`: `(B, T, D)` float16.
    """
    source = shards.open(frames_path)
    settings = _settings(source, key, batch, frames, colour, preprocess)
    prepare = functools.partial(finish, "rgb", colour=colour, preprocess=preprocess)
    versions = _versions(source)
    plan = extraction.Plan(
        folder=_folder(name, store, settings, versions),
        ids=source.ids,
        marks=(source.digest,) * len(source.ids),
        work=lambda ids: _encode(source, ids, encode, prepare, batch, frames),
        settings=settings,
        versions=versions,
        ragged=source.ragged,
        together=True,
        shard=PICTURES if source.lengths.max() == 1 else extraction.SHARD,
    )
    return extraction.build(plan, 1, f"{name} features")


def path(
    name: str,
    store: str | Path,
    frames_path: str | Path,
    key: dict,
    batch: int = 32,
    *,
    frames: int | None = None,
    colour: str = "rgb",
    preprocess: str = "tf",
) -> Path:
    """Where `extract` with these arguments stores its result; the frames must be there."""
    source = shards.open(frames_path)
    return _folder(name, store, _settings(source, key, batch, frames, colour, preprocess), _versions(source))


def _settings(
    source: shards.Clips, key: dict, batch: int, frames: int | None, colour: str, preprocess: str
) -> dict:
    settings = {"key": key, "frames": frames, "colour": colour, "preprocess": preprocess, "batch": batch}
    return settings | {"source": source.settings}


def _versions(source: shards.Clips) -> dict:
    return extraction.formatted(source.versions, "features", FORMAT)


def _folder(name: str, store: str | Path, settings: dict, versions: dict) -> Path:
    label = f"{settings['key'].get('backbone', 'encoder')}-{settings['preprocess']}-{settings['colour']}"
    return Path(store) / name / "features" / extraction.key(label, settings, versions)


def _encode(
    source: shards.Clips,
    ids: Sequence[str],
    encode: Encode,
    prepare: Callable[[np.ndarray], np.ndarray],
    batch: int,
    frames: int | None,
) -> list[np.ndarray]:
    """Features of some clips, `(T, D)` each."""
    lengths = np.minimum(source.lengths[source.rows(ids)], frames or np.inf).astype(int)
    clips = source.read(ids, int(lengths.max()))
    flat = clips[np.arange(clips.shape[1]) < lengths[:, None]]  # (sum of lengths, H, W, 3)
    starts = range(0, len(flat), batch)
    out = np.concatenate([_forward(flat[start : start + batch], encode, prepare, batch) for start in starts])
    largest = np.abs(out).max()
    if not largest <= np.finfo(np.float16).max:
        raise ValueError(f"Features of {ids[0]} ... {ids[-1]} exceed 16 bits: up to {largest:.3g}.")
    if 0 < largest < SMALLEST:
        raise ValueError(
            f"Features of {ids[0]} ... {ids[-1]} vanish in 16 bits: the largest is {largest:.3g}."
            " Untrained weights do that to deep networks; give the backbone weights, or take another."
        )
    return np.split(out.astype(np.float16), np.cumsum(lengths)[:-1])


def _forward(frames: np.ndarray, encode: Encode, prepare: Callable, batch: int) -> np.ndarray:
    """One pass at the full batch size; what is missing is filled with zeros and cut off again."""
    full = np.zeros((batch, *frames.shape[1:]), np.float32)
    full[: len(frames)] = prepare(frames)
    return np.asarray(encode(full), np.float32).reshape(batch, -1)[: len(frames)]

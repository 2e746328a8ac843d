"""Sampled frames of every clip of a data set, RGB, resized, packed."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vidattn.data import decode
from vidattn.data import extract as extraction

FORMAT = 1  # raise it when the same settings give other frames: stores have it in their key
PICTURES = 500  # still pictures in a file: a file for every eight, each flushed to the disk, takes minutes


@dataclass(frozen=True)
class Source:
    """One usable row of the index."""

    path: Path
    frames: int
    fps: float
    digest: str


def extract(
    name: str,
    store: str | Path,
    sampling: str = "uniform",
    frames: int | None = 25,
    size: int = 224,
    *,
    workers: int | None = None,
    container: str = "npy",
) -> Path:
    """Decodes every usable clip once, in order, and stores the sampled frames.

    Args:
        name: Data set.
        store: Store folder; the result lies in `store/<name>/frames/<key>`.
        sampling: "uniform", `frames` frames spread over the clip, or "per_second", one frame a second.
        frames: `T`. With "per_second" at most so many; `None` keeps all.
        size: Side of the stored frames.
        workers: Processes, by default one a core. Does not change the bytes.
        container: "npy", plain and fastest, or "webp", lossless and several times smaller.

    Returns:
        The folder, for `shards.open`: `(B, T, size, size, 3)` uint8, ragged with "per_second".
    """
    settings = {"sampling": sampling, "frames": frames, "size": size, "container": container}
    return extract_all(name, store, [settings], workers=workers)[0]


def extract_all(
    name: str, store: str | Path, wanted: Sequence[dict], *, workers: int | None = None
) -> list[Path]:
    """Several choices of frames in one pass: every clip is decoded once for all stores that lack it.

    Args:
        name, store, workers: As for `extract`.
        wanted: Keywords of `extract` (sampling, frames, size, container), one mapping a store.

    Returns:
        The folders, in order; what lies in them is what `extract` alone makes.
    """
    sources = usable(name, store)
    every = [{"container": "npy", **settings} for settings in wanted]
    plans = [_plan(name, store, sources, settings) for settings in every]
    choices = [{k: v for k, v in settings.items() if k != "container"} for settings in every]
    several = functools.partial(_clips, sources=sources, choices=choices)
    return extraction.build_all(plans, several, workers, f"{name} frames")


def _plan(name: str, store: str | Path, sources: dict[str, Source], settings: dict) -> extraction.Plan:
    sampling, frames, size = (settings[key] for key in ("sampling", "frames", "size"))
    if sampling not in ("uniform", "per_second"):
        raise ValueError(f"Unknown sampling {sampling!r}. Expected one of: per_second, uniform.")
    if sampling == "uniform" and not frames:
        raise ValueError("Uniform sampling needs a number of frames.")
    return extraction.Plan(
        folder=path(name, store, **settings),
        ids=tuple(sources),
        marks=tuple(source.digest for source in sources.values()),
        work=functools.partial(_clip, sources=sources, sampling=sampling, frames=frames, size=size),
        settings=settings,
        versions=_versions(),
        container=settings["container"],
        ragged=sampling == "per_second",
        shard=PICTURES if all(source.frames == 1 for source in sources.values()) else extraction.SHARD,
    )


def path(
    name: str, store: str | Path, *, sampling: str, frames: int | None, size: int, container: str = "npy"
) -> Path:
    """Where `extract` with these settings stores its result."""
    settings = {"sampling": sampling, "frames": frames, "size": size, "container": container}
    label = f"{sampling}-{frames or 'all'}-{size}"
    return Path(store) / name / "frames" / extraction.key(label, settings, _versions())


def _versions() -> dict:
    return extraction.formatted({"opencv": cv2.__version__}, "frames", FORMAT)


def usable(name: str, store: str | Path) -> dict[str, Source]:
    """The clips that the index of a data set calls good, by id and in index order."""
    import pandas as pd  # worker processes, which import this module, start in half the time without it

    folder = Path(store) / name
    if not (folder / "index.csv").is_file():
        raise FileNotFoundError(f"No index of {name!r} in {folder}; run its index stage first.")
    table = pd.read_csv(folder / "index.csv", dtype={"clip": str, "digest": str}, keep_default_na=False)
    good = table[table["status"] == "ok"]
    return {
        row.clip: Source(folder / row.path, int(row.frames), float(row.fps or 0), row.digest)
        for row in good.itertuples()
    }


def _clip(clip: str, sources: dict[str, Source], sampling: str, frames: int | None, size: int) -> np.ndarray:
    choice = {"sampling": sampling, "frames": frames, "size": size}
    [made] = _clips(clip, (0,), sources, [choice])
    if isinstance(made, decode.DecodeError):
        raise made
    return made


def _clips(clip: str, positions: tuple[int, ...], sources: dict[str, Source], choices: list[dict]) -> list:
    """One clip for the choices at some positions: an array or a `DecodeError` for each."""
    source, chosen = sources[clip], [choices[position] for position in positions]
    if "#" in source.path.name:  # a tile of a mosaic of pictures
        return [_caught(_tile, source, choice["frames"] or 1, choice["size"]) for choice in chosen]
    indices = [_caught(_indices, source, choice["sampling"], choice["frames"]) for choice in chosen]
    asked = [
        (at, choice["size"]) for at, choice in zip(indices, chosen) if not isinstance(at, decode.DecodeError)
    ]
    made = iter(decode.read_several(source.path, asked) if asked else [])
    return [at if isinstance(at, decode.DecodeError) else next(made) for at in indices]


def _caught(work: Callable, *arguments: object) -> np.ndarray | decode.DecodeError:
    try:
        return work(*arguments)
    except decode.DecodeError as error:
        return error


def _indices(source: Source, sampling: str, frames: int | None) -> np.ndarray:
    if sampling == "per_second":
        return decode.per_second(source.frames, source.fps, frames)
    return decode.uniform(source.frames, frames or 1) if source.frames else np.arange(0)


def _tile(source: Source, frames: int, size: int) -> np.ndarray:
    from vidattn.data import pictures

    try:
        picture = pictures.read(source.path.parent, source.path.name)
    except ValueError as error:
        raise decode.DecodeError(str(error)) from error
    picture = cv2.resize(np.ascontiguousarray(picture), (size, size), interpolation=cv2.INTER_AREA)
    return np.repeat(picture[None], frames, axis=0)
